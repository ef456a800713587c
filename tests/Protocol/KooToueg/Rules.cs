using System.Collections.Immutable;
using Checkpointing.Protocol.Consistency;
using Checkpointing.Protocol.Tests.KooToueg.Rollback;

namespace Checkpointing.Protocol.Tests.KooToueg;

/// <summary>Which processes take part: those of algorithms C and R, or mutants that get one rule wrong.</summary>
internal sealed record Rules(string Name, CreateProcess CreateProcess)
{
    public static readonly Rules Literal =
        new("algorithms C and R", (id, _, network, observations) => new Process(id, network, observations, new Bookkeeping()));

    /// <summary>The part of a process that runs algorithm R.</summary>
    public CreateRollbackMember CreateRollbackMember { get; init; } =
        (process, everybody, network, observations) => new RollbackMember(process, everybody, network, observations);

    public override string ToString() => Name;
}

internal delegate RollbackMember CreateRollbackMember(
    Process process, ImmutableArray<ProcessName> everybody, Network network, Observations observations);

internal delegate Process CreateProcess(ProcessName id, ImmutableArray<ProcessName> everybody, Network network, Observations observations);
