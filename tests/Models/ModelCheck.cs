using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Checkpointing.Models.Tests;

/// <summary>Runs models/check for one variant.</summary>
/// <param name="ExitCode">0: as expected; 77: spin or a C compiler is missing.</param>
/// <param name="Output">What it said.</param>
internal sealed partial record ModelCheck(int ExitCode, string Output)
{
    private const int ToolMissing = 77;

    private static readonly string Models = Path.Combine(RepositoryRoot(new DirectoryInfo(AppContext.BaseDirectory)), "models");

    public bool IsAsExpected => ExitCode == 0;

    public bool ToolIsMissing => ExitCode == ToolMissing;

    public static IEnumerable<string> Variants() => Rows().Select(row => row[0]);

    /// <summary>What the variants switch on.</summary>
    public static IEnumerable<string> Flags() => Rows().SelectMany(row => row[2..]).Distinct();

    /// <summary>What the model can switch on.</summary>
    public static IEnumerable<string> Switches()
        => Switch().Matches(File.ReadAllText(Path.Combine(Models, "rollback.pml"))).Select(match => match.Groups["name"].Value).Distinct();

    public static async Task<ModelCheck> Run(string variant, TimeSpan limit, CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsWindows())
        {
            return new ModelCheck(ToolMissing, "models/check is a shell script: the model was not checked.");
        }

        var start = new ProcessStartInfo(Path.Combine(Models, "check"), [variant]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(limit);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(timeout.Token);
            var errors = process.StandardError.ReadToEndAsync(timeout.Token);
            await process.WaitForExitAsync(timeout.Token);
            return new ModelCheck(process.ExitCode, (await output) + (await errors));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            process.Kill(entireProcessTree: true);
            return new ModelCheck(-1, $"models/check {variant} did not end within {limit}.");
        }
    }

    // Name, expected result, flags.
    private static IEnumerable<string[]> Rows()
        => File.ReadLines(Path.Combine(Models, "variants.txt"))
            .Where(line => line.Length > 0 && line[0] != '#')
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries));

    [GeneratedRegex(@"(#ifdef |defined\()(?<name>\w+)")]
    private static partial Regex Switch();

    private static string RepositoryRoot(DirectoryInfo? directory)
    {
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Checkpointing.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}
