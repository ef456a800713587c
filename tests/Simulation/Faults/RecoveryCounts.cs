using Checkpointing.Protocol.RollbackAlgorithm;

namespace Checkpointing.Simulation.Tests.Faults;

/// <summary>How often faults hit each step of a rollback.</summary>
internal sealed class RecoveryCounts
{
    public int[] Coordinator { get; } = new int[Enum.GetValues<RecoveryStep>().Length];

    public int[] Participant { get; } = new int[Enum.GetValues<RollbackPhase>().Length];

    public void HitMessage(RecoveryStep step) => Coordinator[(int)step]++;

    public void HitMessage(RollbackPhase phase) => Participant[(int)phase]++;
}
