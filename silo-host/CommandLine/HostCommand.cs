using System.CommandLine;
using System.CommandLine.Invocation;

namespace Checkpointing.SiloHost.CommandLine;

/// <summary>The command line as a whole.</summary>
internal static class HostCommand
{
    // More than the 30 s that the host itself allows for a shutdown: what a silo still has to save must not be cut off here.
    private static readonly TimeSpan TerminationTimeout = TimeSpan.FromSeconds(40);

    public static Task<int> Run(string[] args)
    {
        var root = new RootCommand("Runs a silo with a demo bank, whose grains are checkpointed consistently, and its HTTP API on the loopback interface.");
        SiloCommand.AddTo(root);
        root.Add(DemoCommand.Create());
        root.Add(VerifyCommand.Create());

        var parsed = root.Parse(args);
        if (parsed.Action is not ParseErrorAction)
            return parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TerminationTimeout });

        foreach (var error in parsed.Errors)
            Console.Error.WriteLine(error.Message);

        Console.Error.WriteLine("See --help.");
        return Task.FromResult(ExitCode.BadInput);
    }
}
