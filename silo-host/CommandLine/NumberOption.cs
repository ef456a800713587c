using System.CommandLine;
using System.Numerics;

namespace Checkpointing.SiloHost.CommandLine;

/// <summary>Options that take a number within a range.</summary>
internal static class NumberOption
{
    public static Option<T> Create<T>(string name, string description, T defaultValue, T minimum, T maximum, params string[] aliases)
        where T : struct, INumber<T>
    {
        var option = new Option<T>(name, aliases)
        {
            Description = $"{description} {minimum} to {maximum}.",
            DefaultValueFactory = _ => defaultValue,
            HelpName = "number",
        };
        AddRange(option, minimum, maximum);
        return option;
    }

    /// <summary>Null when it is not given.</summary>
    public static Option<int?> CreateWithoutDefault(string name, string description, int minimum, int maximum)
    {
        var option = new Option<int?>(name) { Description = $"{description} {minimum} to {maximum}.", HelpName = "number" };
        AddRange(option, minimum, maximum);
        return option;
    }

    public static Option<int> Port(string name, string description, int defaultValue, params string[] aliases) =>
        Create(name, description, defaultValue, 1, 65535, aliases);

    private static void AddRange<T>(Option option, T minimum, T maximum)
        where T : struct, INumber<T>
    {
        option.Validators.Add(result =>
        {
            // A value that is no number has its own error already.
            if (result.Tokens.Count == 1
                && T.TryParse(result.Tokens[0].Value, provider: null, out var value)
                && !(value >= minimum && value <= maximum))
            {
                result.AddError($"{option.Name} must be from {minimum} to {maximum}, not {value}.");
            }
        });
    }
}
