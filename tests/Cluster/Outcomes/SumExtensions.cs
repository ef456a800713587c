using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Runtime.StableStorage;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>The checkpointed state of participants: one sum.</summary>
internal static class SumExtensions
{
    /// <summary>Adds to the sum in the handler of the grain, then does what a test wants there.</summary>
    public static Task Put(this IParticipantGrain grain, int amount, Func<ParticipantGrain, Task>? then = null) => grain.Do<ParticipantGrain>(async self =>
    {
        self.Sum.State += amount;
        if (then is not null)
            await then(self);
    });

    /// <summary>Reads the sum without a trace.</summary>
    public static Task<int> Get(this IParticipantGrain grain) => grain.Look((ParticipantGrain self) => self.Sum.State);

    /// <summary>The sum in the newest snapshot.</summary>
    public static int Stored(this OutcomeCluster cluster, IParticipantGrain grain)
    {
        var slots = new[] { RecordStore.SlotA, RecordStore.SlotB }.Select(slot => cluster.Store[slot, grain.GetGrainId()]).OfType<StoredRecord>().Select(SlotRecord.Open);
        return cluster.Silos.Silos[0].ServiceProvider.GetRequiredService<Serializer<int>>().Deserialize(Assert.Single(slots.MaxBy(slot => slot.Head.Generation)!.States).Bytes);
    }
}
