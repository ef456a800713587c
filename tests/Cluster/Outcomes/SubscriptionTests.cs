using System.Threading.Channels;
using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Runtime.Calls;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>Checkpoints of a grain to which clients subscribe, by enumerations that never end (SPEC K10).</summary>
public sealed class SubscriptionTests
{
    /// <summary>Or it would never have a checkpoint, nor would those that have received from it.</summary>
    [Fact]
    public async Task A_grain_is_checkpointed_although_subscribers_wait_for_its_next_element()
    {
        await using var cluster = await OutcomeCluster.Start(options: options => (options.MaxPause, options.MaxAttempts) = (TimeSpan.FromMilliseconds(300), 1));
        var p = cluster.New<IParticipantGrain>();
        var next = new Signal();
        var elements = Enumerable.Range(0, 3)
            .Select(_ => p.PerformEach([Script.Of(_ => next.Happens)]).GetAsyncEnumerator(TestContext.Current.CancellationToken)).ToList();
        var waiting = elements.Select(subscriber => subscriber.MoveNextAsync().AsTask()).ToList();
        await p.Put(1);
        var began = TimeProvider.System.GetTimestamp();
        await Eventually.Holds(async () => (await cluster.Checkpoint(p)).Status == CheckpointStatus.Committed);

        // Long before the runtime tells subscribers that it is still there, and has no call of them for an instant.
        Assert.InRange(TimeProvider.System.GetElapsedTime(began), TimeSpan.Zero, OpenEnumerations.RunningLimit * 2);
        Assert.All(waiting, subscriber => Assert.False(subscriber.IsCompleted));

        next.Set();
        Assert.All(await Task.WhenAll(waiting), Assert.True);
        foreach (var subscriber in elements)
            await subscriber.DisposeAsync();
    }

    /// <summary>Calls bring the events, so that none comes while the gate is closed.</summary>
    [Fact]
    public async Task A_grain_whose_subscriber_has_just_had_an_element_is_checkpointed_at_once()
    {
        await using var cluster = await OutcomeCluster.Start(options: options => options.MaxPause = TimeSpan.FromSeconds(2));
        var p = cluster.New<IParticipantGrain>();
        var (events, seen, hasBegun) = (Channel.CreateUnbounded<int>(), 0, new Signal());
        using var stop = new CancellationTokenSource();
        var elements = Enumerable.Repeat(
            Script.Of(async _ =>
            {
                hasBegun.Set();
                await events.Reader.ReadAsync(stop.Token);
            }),
            10_000).ToArray();
        var subscriber = Task.Run(async () =>
        {
            await foreach (var _ in p.PerformEach(elements))
                seen++;
        });
        await hasBegun.Happens;
        await Task.Delay(OpenEnumerations.RunningLimit + TimeSpan.FromSeconds(0.5), TestContext.Current.CancellationToken);
        var feeding = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await p.Put(1, async _ => await events.Writer.WriteAsync(1));
                await Task.Delay(10);
            }
        });
        await Eventually.Holds(() => Volatile.Read(ref seen) > 5);
        var pauses = new List<TimeSpan>();
        for (var i = 0; i < 10; i++)
        {
            var result = await cluster.Checkpoint(p);
            Assert.Equal((CheckpointStatus.Committed, 1), (result.Status, result.Attempts));
            pauses.Add(result.Pause);
            var before = Volatile.Read(ref seen);
            await Eventually.Holds(() => Volatile.Read(ref seen) > before);
        }

        // The others may have met a busy machine.
        Assert.InRange(pauses.Min(), TimeSpan.Zero, OpenEnumerations.SubscriptionLimit * 1.5);
        await stop.CancelAsync();
        await feeding;
        await Assert.ThrowsAnyAsync<Exception>(() => subscriber);
    }

    /// <summary>G3: what it does elsewhere for an event belongs to what it does here.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Code_that_has_waited_for_an_event_for_long_is_not_checkpointed_between_a_call_and_what_comes_after_it(bool oneWay)
    {
        await using var cluster = await OutcomeCluster.Start(options: options => (options.MaxPause, options.MaxAttempts) = (TimeSpan.FromMilliseconds(300), 1));
        var (p, q) = (await cluster.OnceCheckpointed(), await cluster.OnceCheckpointed());
        var (comes, isHalf, half) = (new Signal(), new Signal(), TimeSpan.Zero);
        await using var items = p.PerformEach([Script.Of(async self =>
        {
            await comes.Happens;
            ((ParticipantGrain)self).Sum.State = 5;
            await (oneWay ? self.Own(q).Notify(Script.Of(_ => Task.CompletedTask)) : self.Own(q).Put(1, _ => Task.Delay(OpenEnumerations.SubscriptionLimit * 2)));
            isHalf.Set();
            var began = TimeProvider.System.GetTimestamp();
            await Task.Delay(OpenEnumerations.SubscriptionLimit / 2.5);
            half = TimeProvider.System.GetElapsedTime(began);
            ((ParticipantGrain)self).Sum.State = 2;
        })]).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        var element = items.MoveNextAsync().AsTask();
        await Task.Delay(OpenEnumerations.RunningLimit * 1.2, TestContext.Current.CancellationToken);
        comes.Set();
        await isHalf.Happens;
        await Eventually.Holds(async () => (await cluster.Checkpoint(p)).Status == CheckpointStatus.Committed);
        var stored = cluster.Stored(p);
        Assert.True(await element);
        Assert.True(stored == 2 || half >= OpenEnumerations.SubscriptionLimit, $"{stored} is stored; the other half took {half}.");
    }

    /// <summary>Some element is always under way, and none is checkpointed in its middle.</summary>
    [Fact]
    public async Task A_grain_is_checkpointed_between_two_elements_of_subscribers_that_never_stop()
    {
        await using var cluster = await OutcomeCluster.Start(options: options => options.MaxPause = TimeSpan.FromSeconds(2));
        var p = cluster.New<IParticipantGrain>();
        using var stop = new CancellationTokenSource();
        var longest = TimeSpan.Zero;
        var element = Script.Of(async self =>
        {
            ((ParticipantGrain)self).Sum.State++;
            var began = TimeProvider.System.GetTimestamp();
            await Task.Delay(OpenEnumerations.SubscriptionLimit / 5);
            var took = TimeProvider.System.GetElapsedTime(began);
            longest = took > longest ? took : longest;
            ((ParticipantGrain)self).Sum.State--;
        });
        var scripts = Enumerable.Repeat(element, 1000).ToArray();
        var (seen, whole) = (new int[4], 0);
        var subscribers = seen.Select((_, i) => Task.Run(async () =>
        {
            try
            {
                await foreach (var _ in p.PerformEach(scripts).WithCancellation(stop.Token))
                    Interlocked.Increment(ref seen[i]);
            }
            catch (OperationCanceledException)
            {
            }
        })).ToList();

        // Until they are subscriptions they are waited for as a whole.
        await Task.Delay(OpenEnumerations.RunningLimit + TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        for (var i = 0; i < 5; i++)
        {
            await p.Put(10);
            whole += 10;
            longest = TimeSpan.Zero;
            var before = seen.ToArray();
            var result = await cluster.Checkpoint(p);
            Assert.Equal((CheckpointStatus.Committed, 1), (result.Status, result.Attempts));
            Assert.InRange(result.Pause, TimeSpan.Zero, TimeSpan.FromSeconds(1));
            var stored = cluster.Stored(p);
            await Eventually.Holds(() => Task.FromResult(seen.Zip(before).All(counts => counts.First > counts.Second)));
            Assert.True(stored == whole || longest >= OpenEnumerations.SubscriptionLimit, $"{stored} is stored, not {whole}; the longest element took {longest}.");
        }

        await stop.CancelAsync();
        await Task.WhenAll(subscribers).WithTimeLimit();
    }

    /// <summary>New subscribers come all the time, so that some enumeration is always young.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_grain_to_which_many_subscribe_is_checkpointed_in_the_end_and_waits_for_enumerations_again(bool changes)
    {
        await using var cluster = await OutcomeCluster.Start(options: options => (options.MaxPause, options.MaxAttempts) = (TimeSpan.FromSeconds(1), 1));
        var p = cluster.New<IParticipantGrain>();
        var elements = new List<IAsyncEnumerator<int>>();
        using var subscriptions = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var subscribing = Subscribe();
        await Eventually.Holds(() => elements.Count > 1);
        for (var checkpoint = 0; checkpoint < 2; checkpoint++)
        {
            if (changes)
                await p.Put(1);

            var aborted = 0;
            await Eventually.Holds(async () =>
            {
                var result = await cluster.Checkpoint(p);
                aborted += result.Reason == CheckpointAbortReason.TooBusy ? 1 : 0;
                return result.Status == (changes ? CheckpointStatus.Committed : CheckpointStatus.NothingToDo);
            });
            Assert.InRange(aborted, 6, 10);
        }

        await stop.CancelAsync();
        await subscribing;
        foreach (var subscriber in elements)
            await subscriber.DisposeAsync();

        async Task Subscribe()
        {
            try
            {
                while (await subscriptions.WaitForNextTickAsync(stop.Token))
                {
                    elements.Add(p.PerformEach([Script.Of(_ => Task.CompletedTask), Script.Of(_ => Task.Delay(Timeout.Infinite, stop.Token))]).GetAsyncEnumerator(CancellationToken.None));
                    await elements[^1].MoveNextAsync();
                }
            }
            catch (OperationCanceledException)
            {
            }
        }
    }
}
