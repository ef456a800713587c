using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg.Rollback.Mutants;

/// <summary>S11.1: only permanent checkpoints. What would be tentative is permanent at once.</summary>
internal sealed class OnlyPermanentCheckpoints(ProcessName id, Network network, Observations observations, Bookkeeping bookkeeping)
    : Process(id, network, observations, bookkeeping)
{
    protected override void Save(TentativeCheckpoint tentative)
    {
        base.Save(tentative);
        Permanent = tentative.State;
    }
}
