using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Cluster.Tests.Outcomes;

namespace Checkpointing.Cluster.Tests.Recovery;

/// <summary>K1, K30 only speak of calls that a participant waits for: of others nobody rolls back, and they end as without the library.</summary>
public sealed class LostCallOfRelayTests
{
    /// <summary>Nobody who waits for the relay can roll back: what it did elsewhere stays, and what the lost call did may stay too. So nobody is told that it is undone.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_call_of_a_relay_for_a_client_that_is_lost_ends_with_the_error_of_the_runtime(bool filters)
    {
        await using var cluster = await RecoveryCluster.Start(filters: filters);
        var (relay, done, lost) = (await cluster.On<IRelayGrain>(0, "relay"), await cluster.On<IParticipantGrain>(0, "done"), await cluster.On<IParticipantGrain>(1, "lost"));
        var (running, goOn) = (new Signal(), new Signal());
        Exception? seen = null;
        var chain = relay.Perform(Script.Of(async self =>
        {
            await self.Own(done).Put(1);
            seen = await Record.ExceptionAsync(() => self.Own(lost).Put(1, _ =>
            {
                running.Set();
                return goOn.Happens;
            }));
            throw seen!;
        }));
        await running.Happens;
        await cluster.Lose(1);
        var error = await Record.ExceptionAsync(() => chain);
        goOn.Set();
        await cluster.UntilRecovered();
        Assert.IsType<SiloUnavailableException>(seen);
        Assert.IsType<SiloUnavailableException>(error);
        Assert.Equal((1, 0, 0), (await done.Get(), await lost.Get(), cluster.RolledBack));
    }

    /// <summary>The callee goes on, and what the call does there stays.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_time_out_of_a_relay_for_a_client_stays_a_time_out_after_the_loss_of_a_silo(bool filters)
    {
        await using var cluster = await RecoveryCluster.Start(filters: filters);
        var (relay, q) = (await cluster.On<IRelayGrain>(0, "relay"), await cluster.On<IParticipantGrain>(0, "q"));
        await cluster.Lose(1);
        var (goOn, done) = (new Signal(), new Signal());
        var error = await Record.ExceptionAsync(() => relay.Perform(Script.Of(self => self.Own(q).PerformInASecond(Script.Of(async callee =>
        {
            await goOn.Happens;
            ((ParticipantGrain)callee).Sum.State++;
            done.Set();
        })))));
        goOn.Set();
        await done.Happens;
        await cluster.UntilRecovered();
        Assert.IsType<TimeoutException>(error);
        Assert.Equal((1, 0), (await q.Get(), cluster.RolledBack));
    }

    /// <summary>The call is lost while the participant works on the element before, and the relay waits for nobody.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task A_call_that_a_relay_loses_between_two_elements_makes_the_participant_that_enumerates_it_roll_back(bool isReentrant, bool filters)
    {
        await using var cluster = await RecoveryCluster.Start(filters: filters);
        var (p, done, lost) = (await cluster.On<IParticipantGrain>(0, "p"), await cluster.On<IParticipantGrain>(0, "done"), await cluster.On<IParticipantGrain>(1, "lost"));
        IProbeGrain relay = isReentrant ? await cluster.On<IReentrantRelayGrain>(0, "relay") : await cluster.On<IRelayGrain>(0, "relay");
        var (running, goOn, swallowed) = (new Signal(), new Signal(), new Signal());
        Script[] scripts =
        [
            Script.Of(inner => Task.CompletedTask),
            Script.Of(async inner =>
            {
                await inner.Own(done).Put(1);
                await Assert.ThrowsAsync<RolledBackException>(() => inner.Own(lost).Put(1, _ =>
                {
                    running.Set();
                    return goOn.Happens;
                }));
                swallowed.Set();
            }),
        ];
        var chain = p.Put(1, async self =>
        {
            await foreach (var element in self.Own(relay).PerformEach(scripts).WithBatchSize(2))
            {
                if (element == 0)
                    await swallowed.Happens;
            }
        });
        await running.Happens;
        await cluster.Lose(1);
        await Assert.ThrowsAsync<RolledBackException>(() => chain);
        goOn.Set();
        await cluster.UntilRecovered();
        Assert.Equal((0, 0, 0, 2), (await p.Get(), await done.Get(), await lost.Get(), cluster.RolledBack));
    }

    /// <summary>Nobody can tell what its code has done since the last element, whether or not anybody wants another one.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task A_participant_whose_enumeration_is_lost_with_its_relay_between_two_elements_rolls_back(bool filters, bool breaksOff)
    {
        await using var cluster = await RecoveryCluster.Start(filters: filters);
        var (p, done, relay) = (await cluster.On<IParticipantGrain>(0, "p"), await cluster.On<IParticipantGrain>(0, "done"), await cluster.On<IRelayGrain>(1, "relay"));
        var (isDone, isLost) = (new Signal(), new Signal());
        Script[] scripts =
        [
            Script.Of(inner => Task.CompletedTask),
            Script.Of(async inner =>
            {
                await inner.Own(done).Put(1);
                isDone.Set();
                await isLost.Happens;
            }),
        ];
        var chain = cluster.GrainsAt(cluster.CoordinatorsSilo).GetGrain<IParticipantGrain>(p.GetGrainId()).Put(1, async self =>
        {
            await using var elements = self.Own(relay).PerformEach(scripts).GetAsyncEnumerator();
            Assert.True(await elements.MoveNextAsync());
            await isLost.Happens;

            // Orleans' own error for it, or ours: the code takes it for the end of the elements.
            if (!breaksOff)
                await Assert.ThrowsAnyAsync<Exception>(() => elements.MoveNextAsync().AsTask());
        });
        await isDone.Happens;
        await cluster.Lose(1);
        isLost.Set();
        await Assert.ThrowsAsync<RolledBackException>(() => chain);
        await cluster.UntilRecovered();
        Assert.Equal((0, 0, 2), (await p.Get(), await done.Get(), cluster.RolledBack));
    }

    /// <summary>The relay has gone on to the next element: a second copy would bring that, and the first one would be missing. The last call only says that nobody wants more.</summary>
    [Theory]
    [InlineData(0, 1, "", true)]
    [InlineData(2, 1, "", true)]
    [InlineData(2, 2, "1", true)]
    [InlineData(2, 3, "1,2", true)]
    [InlineData(2, 4, "1,2", false)]
    public async Task A_call_for_an_element_of_which_nobody_knows_whether_it_has_arrived_does_not_run_twice(int count, int brokenCall, string elements, bool rollsBack)
    {
        await using var cluster = await RecoveryCluster.Start();
        var (p, relay) = (await cluster.On<IParticipantGrain>(0, "p"), await cluster.On<IRelayGrain>(cluster.CoordinatorsSilo, "relay"));
        await cluster.Lose(1);
        var calls = 0;
        cluster.Watch.BeforeAnswerOfEnumeration = () => ++calls == brokenCall ? throw new SiloUnavailableException() : Task.CompletedTask;
        var seen = new List<int>();
        var error = await Record.ExceptionAsync(() => cluster.GrainsAt(cluster.CoordinatorsSilo).GetGrain<IParticipantGrain>(p.GetGrainId()).Put(1, async self =>
        {
            await foreach (var element in self.Own(relay).Count(count).WithBatchSize(1))
                seen.Add(element);
        }));
        Assert.Equal((rollsBack, elements), (error is RolledBackException, string.Join(',', seen)));
        Assert.True(rollsBack || error is null);
    }

    [Fact]
    public async Task An_enumeration_that_has_come_to_its_end_before_its_relay_is_lost_rolls_nobody_back()
    {
        await using var cluster = await RecoveryCluster.Start();
        var (p, relay) = (await cluster.On<IParticipantGrain>(0, "p"), await cluster.On<IRelayGrain>(1, "relay"));
        var (hasEnded, isLost) = (new Signal(), new Signal());
        var chain = cluster.GrainsAt(cluster.CoordinatorsSilo).GetGrain<IParticipantGrain>(p.GetGrainId()).Put(1, async self =>
        {
            await using var elements = self.Own(relay).Count(1).GetAsyncEnumerator();
            Assert.True(await elements.MoveNextAsync());
            Assert.False(await elements.MoveNextAsync());
            hasEnded.Set();
            await isLost.Happens;
        });
        await hasEnded.Happens;
        await cluster.Lose(1);
        isLost.Set();
        await chain;
        await cluster.UntilRecovered();
        Assert.Equal((1, 0), (await p.Get(), cluster.RolledBack));
    }
}
