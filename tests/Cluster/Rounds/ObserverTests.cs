using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;
using Checkpointing.Protocol.CheckpointAlgorithm;

namespace Checkpointing.Cluster.Tests.Rounds;

/// <summary>An observer that fails whenever it is told something. Sending again would cover up for it, so every control message reaches it once.</summary>
[Collection(nameof(UnderLoad))]
public sealed class ObserverTests
{
    [Fact]
    public async Task An_observer_that_throws_does_not_disturb_its_round()
    {
        await using var cluster = await RoundsCluster.Start();
        var observer = await FailingObserver(cluster);
        var permanent = DecisionLearnedBy(cluster, observer);
        Assert.Equal(CheckpointStatus.Committed, (await cluster.Checkpoint(observer.GetGrainId())).Status);
        await permanent.Happens;

        await observer.Do<ObservingGrain>(self => self.Sum.State++);
        cluster.Storage.BeforeWrite = (name, _) => name == "decisions" ? Task.CompletedTask : throw new IOException("the store is down");
        var undone = DecisionLearnedBy(cluster, observer);
        Assert.Equal(CheckpointAbortReason.NotStored, (await cluster.Checkpoint(observer.GetGrainId())).Reason);
        await undone.Happens;
        Assert.Equal(["taken", "permanent", "taken", "undone"], await observer.Look((ObservingGrain self) => self.Told.ToArray()));
    }

    [Fact]
    public async Task An_observer_that_throws_does_not_disturb_the_handler_in_whose_turn_it_is_told()
    {
        await using var cluster = await RoundsCluster.Start();
        var observer = await FailingObserver(cluster);
        var caller = cluster.Client.GetGrain<IParticipantGrain>("caller");
        var (waits, goOn, arrived, begun, end) = (new Signal(), new Signal(), new Signal(), new Signal(), new Signal());
        var isSnapshotOfObserver = (IReadOnlyList<(GrainId Grain, ToParticipant Message)> messages) =>
            messages.Any(entry => entry.Grain == observer.GetGrainId() && entry.Message is TakeSnapshot);
        cluster.Watch.BeforeDelivery = async (_, messages) =>
        {
            if (isSnapshotOfObserver(messages))
            {
                waits.Set();
                await goOn.Happens;
            }
        };
        cluster.Watch.AfterDelivery = messages =>
        {
            if (isSnapshotOfObserver(messages))
                arrived.Set();
        };
        var round = cluster.Checkpoint(observer.GetGrainId());
        await waits.Happens;

        // A call that the gate lets pass runs when the snapshot is asked for, so it is taken in the turn that ends it.
        var chain = caller.Do<ParticipantGrain>(self => self.Own(observer).Perform(Script.Of(async _ =>
        {
            begun.Set();
            await end.Happens;
        })));
        await begun.Happens;
        goOn.Set();
        await arrived.Happens;
        var host = cluster.HostOf(observer.GetGrainId());
        Assert.Equal(1, await host.Activation.InTurn(activation => activation.Turns.ActiveHandlers));
        Assert.Empty(await host.Activation.InTurn(activation => ((ObservingGrain)activation.Context.GrainInstance!).Told.ToArray()));
        end.Set();

        await chain;
        Assert.Equal(CheckpointStatus.Committed, (await round).Status);
        Assert.Equal("taken", (await observer.Look((ObservingGrain self) => self.Told.ToArray()))[0]);
    }

    private static async Task<IObservingGrain> FailingObserver(RoundsCluster cluster)
    {
        var observer = cluster.Client.GetGrain<IObservingGrain>("observer");
        await observer.Do<ObservingGrain>(self =>
        {
            self.Sum.State++;
            self.Throws = true;
        });
        var delivered = new HashSet<ToParticipant>();
        cluster.Watch.Loses = (grain, message) =>
        {
            lock (delivered)
                return grain == observer.GetGrainId() && !delivered.Add(message is JoinRound join ? join with { Claims = [] } : message);
        };
        return observer;
    }

    private static Signal DecisionLearnedBy(RoundsCluster cluster, IObservingGrain observer)
    {
        var learned = new Signal();
        var life = cluster.HostOf(observer.GetGrainId()).Activation.Ledger.Life;
        cluster.Watch.Spoil = message =>
        {
            if (message is DecisionLearned && message.From == life.Participant)
                learned.Set();
            return message;
        };
        return learned;
    }
}
