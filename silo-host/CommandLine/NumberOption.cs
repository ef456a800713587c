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
        option.Validators.Add(result =>
        {
            // A value that is no number has its own error already.
            if (result.Tokens.Count == 1
                && T.TryParse(result.Tokens[0].Value, provider: null, out var value)
                && (value < minimum || value > maximum))
            {
                result.AddError($"{name} must be from {minimum} to {maximum}, not {value}.");
            }
        });
        return option;
    }

    public static Option<int> Port(string name, string description, int defaultValue, params string[] aliases) =>
        Create(name, description, defaultValue, 1, 65535, aliases);
}
