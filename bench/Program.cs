using System.CommandLine;
using System.CommandLine.Invocation;
using Checkpointing.Bench.Throughput;

var root = new RootCommand("Measures what checkpoints cost.") { ThroughputCommand.Create() };
var parsed = root.Parse(args);
if (parsed.Action is not ParseErrorAction)
    return await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(20) });

foreach (var error in parsed.Errors)
    Console.Error.WriteLine(error.Message);

Console.Error.WriteLine("See --help.");
return 2;
