using System.CommandLine;
using System.CommandLine.Invocation;

namespace Checkpointing.SiloHost.CommandLine;

/// <summary>The command line as a whole.</summary>
internal static class HostCommand
{
    public static Task<int> Run(string[] args)
    {
        var root = new RootCommand("Runs a silo with a demo bank, whose grains are checkpointed consistently, and its HTTP API on the loopback interface.");
        SiloCommand.AddTo(root);
        root.Add(DemoCommand.Create());
        root.Add(VerifyCommand.Create());

        var parsed = root.Parse(args);
        if (parsed.Action is not ParseErrorAction)
            return parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(20) });

        foreach (var error in parsed.Errors)
            Console.Error.WriteLine(error.Message);

        Console.Error.WriteLine("See --help.");
        return Task.FromResult(ExitCode.BadInput);
    }
}
