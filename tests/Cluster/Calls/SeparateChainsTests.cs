using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;
using Microsoft.Extensions.Logging;

namespace Checkpointing.Cluster.Tests.Calls;

/// <summary>A relay that changes two participants in one call makes two chains of it, and is told so (SPEC K21).</summary>
public sealed class SeparateChainsTests
{
    private const string Said = "has no checkpointed state and called both";

    [Theory]
    [InlineData("relay", nameof(RelayGrain))]
    [InlineData("reentrant relay", nameof(ReentrantRelayGrain))]
    [InlineData("stateless worker", nameof(WorkerGrain))]
    public async Task A_relay_that_changes_two_participants_in_one_call_is_named_once(string kind, string className)
    {
        await using var cluster = await OutcomeCluster.Start();
        var (p, q, caller) = (cluster.New<IParticipantGrain>("p"), cluster.New<IParticipantGrain>("q"), cluster.New<IParticipantGrain>("caller"));
        var relay = Relay(cluster, kind);

        await relay.Perform(Script.Of(async self =>
        {
            await self.Own(p).Add(1);
            await self.Own(p).Add(1);
        }));
        await relay.Perform(Script.Of(self => self.Own(q).Add(1)));
        await relay.Perform(Script.Of(async self => await self.Own(q).Add(await self.Own(p).Peek())));
        await relay.Perform(Script.Of(async self =>
        {
            await self.Own(p).Notify(new Signal().AsScript());
            await self.Own(q).Notify(new Signal().AsScript());
        }));
        await caller.Perform(Script.Of(self => Own(self, relay).Perform(Both(p, q))));
        Assert.Empty(Warnings(cluster));

        await relay.Perform(Both(p, q));
        var (level, text) = Assert.Single(Warnings(cluster));
        Assert.Equal(LogLevel.Warning, level);
        Assert.StartsWith($"{className} {Said} {p.GetGrainId()} and {q.GetGrainId()} in one call.", text, StringComparison.Ordinal);

        await relay.Perform(Both(q, p));
        await Relay(cluster, kind).Perform(Both(p, q));
        Assert.Single(Warnings(cluster));

        // Another type is named for itself.
        var other = cluster.New<IOtherRelayGrain>();
        await other.Perform(Script.Of(self => Task.WhenAll(self.Own(p).Add(1), self.Own(q).Add(1))));
        Assert.Equal(2, Warnings(cluster).Count());
    }

    [Theory]
    [InlineData("relay")]
    [InlineData("reentrant relay")]
    public async Task Calls_that_overlap_on_a_relay_are_not_taken_for_one(string kind)
    {
        await using var cluster = await OutcomeCluster.Start();
        var (p, q) = (cluster.New<IParticipantGrain>("p"), cluster.New<IParticipantGrain>("q"));
        var relay = Relay(cluster, kind);
        var (called, goOn) = (new Signal(), new Signal());

        var first = relay.PerformInterleaved(Script.Of(async self =>
        {
            await self.Own(p).Add(1);
            called.Set();
            await goOn.Happens;
        }));
        await called.Happens;
        var second = relay.PerformInterleaved(Script.Of(async self =>
        {
            await self.Own(q).Add(1);
            goOn.Set();
        }));

        await Task.WhenAll(first, second).WithTimeLimit();
        Assert.Empty(Warnings(cluster));
    }

    private static Script Both(IParticipantGrain first, IParticipantGrain next) => Script.Of(async self =>
    {
        await self.Own(first).Add(1);
        await self.Own(next).Add(1);
    });

    private static IEnumerable<(LogLevel Level, string Text)> Warnings(OutcomeCluster cluster) =>
        cluster.Log.All.Where(line => line.Text.Contains(Said, StringComparison.Ordinal));

    private static IProbeGrain Own(ProbeGrain self, IProbeGrain relay) => relay switch
    {
        IRelayGrain plain => self.Own(plain),
        IReentrantRelayGrain reentrant => self.Own(reentrant),
        _ => self.Own((IWorkerGrain)relay),
    };

    private static IProbeGrain Relay(OutcomeCluster cluster, string kind) => kind switch
    {
        "relay" => cluster.New<IRelayGrain>(),
        "reentrant relay" => cluster.New<IReentrantRelayGrain>(),
        _ => cluster.New<IWorkerGrain>(),
    };
}

public interface IOtherRelayGrain : IProbeGrain;

public sealed class OtherRelayGrain(IGrainContext context, IGrainFactory factory) : ProbeGrain(context, factory), IOtherRelayGrain;
