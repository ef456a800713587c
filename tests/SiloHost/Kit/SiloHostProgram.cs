using System.Diagnostics;

namespace Checkpointing.SiloHost.Tests.Kit;

/// <summary>The built program, run as users run it: in a process of its own.</summary>
internal static class SiloHostProgram
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(150);

    /// <summary>Runs it to its end.</summary>
    public static async Task<Outcome> Run(string[] arguments, string? standardInput = null, TimeSpan? longest = null, bool mayWriteAnywhere = true, string? program = null)
    {
        using var process = Start(arguments, mayWriteAnywhere, program);
        return await End(process, standardInput, longest);
    }

    /// <summary>Waits for the end of what was started, and ends it if that takes too long.</summary>
    public static async Task<Outcome> End(Process process, string? standardInput = null, TimeSpan? longest = null)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timeout.CancelAfter(longest ?? Longest);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(timeout.Token);
            var error = process.StandardError.ReadToEndAsync(timeout.Token);
            if (standardInput is not null)
                await process.StandardInput.WriteAsync(standardInput);

            process.StandardInput.Close();
            await process.WaitForExitAsync(timeout.Token);
            return new Outcome(process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    /// <summary>Starts it. The caller ends it.</summary>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="mayWriteAnywhere">False: also root is bound by the permissions of files.</param>
    /// <param name="program">The file of another program.</param>
    public static Process Start(string[] arguments, bool mayWriteAnywhere = true, string? program = null)
    {
        var dotnet = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet";
        var isBound = !mayWriteAnywhere && OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess;
        var start = new ProcessStartInfo(isBound ? "setpriv" : dotnet)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in isBound ? (string[])["--bounding-set=-dac_override", "--inh-caps=-dac_override", dotnet] : [])
            start.ArgumentList.Add(argument);

        start.ArgumentList.Add(program ?? Path.Combine(AppContext.BaseDirectory, "silo-host.dll"));
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);

        return Process.Start(start)!;
    }
}

/// <summary>How a process ended.</summary>
internal sealed record Outcome(int ExitCode, string Output, string Error)
{
    public string LastLine => Output.TrimEnd().Split('\n')[^1];

    public override string ToString() => $"exit code {ExitCode}\n{Output}\n{Error}";
}
