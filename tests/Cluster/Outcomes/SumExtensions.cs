using Checkpointing.Cluster.Tests.Kit;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>The checkpointed state of participants: one sum.</summary>
internal static class SumExtensions
{
    /// <summary>Adds to the sum in the handler of the grain, then does what a test wants there.</summary>
    public static Task Put(this IParticipantGrain grain, int amount, Func<ParticipantGrain, Task>? then = null) => grain.Perform(Script.Of(async self =>
    {
        var participant = (ParticipantGrain)self;
        participant.Sum.State += amount;
        if (then is not null)
            await then(participant);
    })).WithTimeLimit();

    /// <summary>Reads the sum without a trace.</summary>
    public static async Task<int> Get(this IParticipantGrain grain)
    {
        var sum = 0;
        await grain.Peek(Script.Of(self =>
        {
            sum = ((ParticipantGrain)self).Sum.State;
            return Task.CompletedTask;
        })).WithTimeLimit();
        return sum;
    }
}
