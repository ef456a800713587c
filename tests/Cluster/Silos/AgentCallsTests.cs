using System.Reflection;
using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;
using Checkpointing.Runtime.Silos;

namespace Checkpointing.Cluster.Tests.Silos;

/// <summary>What silos answer, and what becomes of a request when one does not.</summary>
public sealed class AgentCallsTests
{
    /// <summary>The silo is looked at now and then while its answer is awaited. One that comes in the instant between is an answer.</summary>
    [Fact]
    public async Task An_answer_that_comes_while_its_silo_is_looked_at_counts()
    {
        var (clock, answer) = (new Clock(), new TaskCompletionSource<int>());
        var calls = new AgentCalls(DispatchProxy.Create<ICheckpointAgentClient, Nothing>(), DispatchProxy.Create<ISiloStatusOracle, Nothing>(), clock);
        using var turns = new SemaphoreSlim(0);
        var scheduler = new ConcurrentExclusiveSchedulerPair().ExclusiveScheduler;
        var asked = Task.Factory.StartNew(() => calls.To(SiloAddress.Zero, _ => answer.Task), CancellationToken.None, TaskCreationOptions.None, scheduler).Unwrap();
        await Eventually.Holds(() => clock.Due is not null);

        // Whoever waits has no turn before both have happened.
        var blocked = Task.Factory.StartNew(turns.Wait, CancellationToken.None, TaskCreationOptions.None, scheduler);
        clock.Due!();
        answer.SetResult(7);
        turns.Release();
        await blocked.WithTimeLimit();
        Assert.Equal(7, await asked.WithTimeLimit());
    }

    [Theory]
    [InlineData(false, CheckpointStatus.Aborted)]
    [InlineData(true, CheckpointStatus.PartlyCommitted)]
    public async Task A_checkpoint_of_everything_says_which_silo_did_not_name_its_grains(bool hasOtherChanges, CheckpointStatus status)
    {
        var refuses = new RefusesToName();
        await using var cluster = await OutcomeCluster.Start(silos: 2, configure: silo => silo.PutFirst(refuses));
        var silos = cluster.Silos.Silos.Select(silo => silo.SiloAddress).ToList();
        var (named, unnamed) = (cluster.New<IParticipantGrain>(), cluster.New<IParticipantGrain>());
        await Placed.On(silos[0], named.GetNothing);
        await Placed.On(silos[1], unnamed.GetNothing);
        Assert.NotEqual(CheckpointStatus.Aborted, (await cluster.CheckpointAll()).Status);
        await unnamed.Put(1);
        if (hasOtherChanges)
            await named.Put(1);

        refuses.Silo = silos[1];
        var result = await cluster.CheckpointAll();
        Assert.Equal((status, CheckpointAbortReason.SiloNotAsked), (result.Status, result.Reason));
        Assert.Contains($"Silo {silos[1]} did not say", result.Detail, StringComparison.Ordinal);
        Assert.DoesNotContain(result.Participants, participant => participant.GrainId == unnamed.GetGrainId());

        refuses.Silo = null;
        result = await cluster.CheckpointAll();
        Assert.Equal(CheckpointStatus.Committed, result.Status);
        Assert.Contains(result.Participants, participant => participant.GrainId == unnamed.GetGrainId());
    }

    private sealed class RefusesToName : IIncomingGrainCallFilter
    {
        public SiloAddress? Silo { get; set; }

        public Task Invoke(IIncomingGrainCallContext context) =>
            context.Request.GetMethodName() == nameof(ICheckpointAgent.ChangedParticipants) && context.TargetContext.Address.SiloAddress!.Equals(Silo)
                ? throw new IOException("the silo is busy")
                : context.Invoke();
    }

    /// <summary>Answers everything by nothing.</summary>
    public class Nothing : DispatchProxy
    {
        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
            targetMethod!.ReturnType is { IsValueType: true } type && type != typeof(void) ? Activator.CreateInstance(type) : null;
    }

    /// <summary>One timer, which is due when the test says so.</summary>
    private sealed class Clock : TimeProvider
    {
        public Action? Due { get; private set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Due ??= () => callback(state);
            return new Timer();
        }

        private sealed class Timer : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
