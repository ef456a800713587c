using System.CommandLine;
using Checkpointing.Protocol.Consistency;

namespace Checkpointing.SiloHost.CommandLine;

/// <summary><c>silo-host verify FILE</c>: is a cut consistent, and if not, which message shows it?</summary>
internal static class VerifyCommand
{
    private const string StandardInput = "-";

    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = $"A JSON file with vector clocks, or a trace and a cut; '{StandardInput}' reads standard input." };
        var command = new Command("verify", "Says whether a cut is consistent (exit code 0), inconsistent (1), or no cut (2).") { file };
        command.SetAction((parsed, cancellationToken) => Run(parsed.GetRequiredValue(file), cancellationToken));
        return command;
    }

    private static async Task<int> Run(string file, CancellationToken cancellationToken)
    {
        string json;
        try
        {
            json = file == StandardInput
                ? await Console.In.ReadToEndAsync(cancellationToken)
                : await File.ReadAllTextAsync(file, cancellationToken);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            Console.Error.WriteLine($"Bad input: '{file}' cannot be read: {error.Message}");
            return ExitCode.BadInput;
        }

        var result = CutVerification.Verify(json);
        var output = result.Verdict == CutVerdict.BadInput ? Console.Error : Console.Out;
        foreach (var line in result.Lines)
            output.WriteLine(line);

        return result.Verdict switch
        {
            CutVerdict.Consistent => ExitCode.Success,
            CutVerdict.Inconsistent => ExitCode.Failure,
            _ => ExitCode.BadInput,
        };
    }
}
