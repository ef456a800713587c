using System.Collections.Immutable;
using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg;

/// <summary>Which processes take part: those of algorithm C, or mutants that get one rule wrong.</summary>
internal sealed record Rules(string Name, CreateProcess CreateProcess)
{
    public static readonly Rules AlgorithmC =
        new("algorithm C", (id, _, network, observations) => new Process(id, network, observations, new Bookkeeping()));

    public override string ToString() => Name;
}

internal delegate Process CreateProcess(ProcessName id, ImmutableArray<ProcessName> everybody, Network network, Observations observations);
