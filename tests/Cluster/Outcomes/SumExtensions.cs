using Checkpointing.Cluster.Tests.Kit;

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
}
