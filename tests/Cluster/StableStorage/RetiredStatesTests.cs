using System.Collections.Immutable;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Runtime.Participants;

namespace Checkpointing.Cluster.Tests.StableStorage;

/// <summary>States in a record that the running code does not have any more.</summary>
public sealed class RetiredStatesTests
{
    /// <summary>An activation whose start fails restores a second time what it has brought along.</summary>
    [Fact]
    public void A_retired_state_stays_in_the_record_once_however_often_it_is_restored()
    {
        var states = new CheckpointedStates(null!, null!);
        ImmutableArray<(string Name, byte[] Bytes)> stored = [("retired", [1, 2])];
        for (var i = 0; i < 3; i++)
            states.Restore(stored, RoundNumber.None);

        Assert.Equal(stored, states.Capture());
    }
}
