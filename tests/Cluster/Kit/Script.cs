using System.Collections.Concurrent;

namespace Checkpointing.Cluster.Tests.Kit;

/// <summary>
/// Code of a test that runs as the code of a grain's method. All silos are in the test's process, so only a number travels.
/// </summary>
[GenerateSerializer]
public sealed class Script
{
    private static readonly ConcurrentDictionary<long, Func<ProbeGrain, Task>> Code = new();
    private static long _last;

    [Id(0)]
    public long Number { get; private set; }

    public static Script Of(Func<ProbeGrain, Task> code)
    {
        var number = Interlocked.Increment(ref _last);
        Code[number] = code;
        return new Script { Number = number };
    }

    public static implicit operator Script(Func<ProbeGrain, Task> code) => Of(code);

    public Task Run(ProbeGrain grain) => Code[Number](grain);
}
