using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Runtime.Calls;
using Orleans.Serialization.Invocation;

namespace Checkpointing.Cluster.Tests.Calls;

public sealed class OpenEnumerationsTests
{
    private static readonly TimeSpan ResponseTimeout = TimeSpan.FromSeconds(30);

    private readonly Clock _clock = new();
    private readonly QueuedActions _queued = new();
    private readonly TurnLock _turns;
    private readonly OpenEnumerations _enumerations;
    private readonly Guid _id = Guid.NewGuid();
    private readonly TaskCompletionSource<bool> _element = new();
    private int _codeRuns;

    public OpenEnumerationsTests()
    {
        _turns = new TurnLock(_queued, _clock, ResponseTimeout);
        _enumerations = new OpenEnumerations(_turns, _clock, ResponseTimeout, () => _codeRuns++);
        _turns.IsBusyOtherwise = _enumerations.HoldUp;
    }

    [Fact]
    public void Code_that_waits_for_its_caller_is_in_use_for_a_second()
    {
        CallEnds(EnumerationResult.Element);
        Assert.True(_enumerations.HoldUp());
        _clock.Now += OpenEnumerations.IdleLimit;
        Assert.False(_enumerations.HoldUp());
    }

    [Fact]
    public async Task Code_that_runs_on_is_in_use_until_it_waits_for_its_caller_or_its_time_is_over()
    {
        var running = Run();
        CallEnds(EnumerationResult.Element);
        _clock.Now += OpenEnumerations.IdleLimit * 2;
        Assert.True(_enumerations.HoldUp());
        _element.SetResult(true);
        Assert.True(await running);
        Assert.False(_enumerations.HoldUp());
        Assert.Equal(2, _codeRuns);
    }

    [Fact]
    public void Code_that_waits_for_what_never_comes_is_not_in_use_for_ever()
    {
        _ = Run();
        CallEnds(EnumerationResult.Heartbeat);
        _clock.Now += OpenEnumerations.RunningLimit - TimeSpan.FromSeconds(1);
        Assert.True(_enumerations.HoldUp());
        _clock.Now += TimeSpan.FromSeconds(1);
        Assert.False(_enumerations.HoldUp());
    }

    [Fact]
    public async Task Code_that_does_not_heed_its_end_is_in_use_until_it_has_ended()
    {
        var running = Run();
        CallEnds(EnumerationResult.Canceled);
        Assert.True(_enumerations.HoldUp());
        _element.SetResult(false);
        Assert.False(await running);
        Assert.False(_enumerations.HoldUp());
    }

    [Fact]
    public void An_enumeration_that_has_ended_is_in_use_no_more()
    {
        CallEnds(EnumerationResult.Element);
        CallEnds(EnumerationResult.Completed);
        Assert.False(_enumerations.HoldUp());
    }

    /// <summary>Its caller's handler runs on, so nothing is gained by giving it up sooner; and when the grain leaves the caller has the time to go on.</summary>
    [Fact]
    public void Code_that_waits_for_a_participant_is_in_use_for_longer()
    {
        CallBegins(isAwaitedByParticipant: true);
        CallEnds(EnumerationResult.Element);
        _clock.Now += OpenEnumerations.RunningLimit - TimeSpan.FromSeconds(1);
        Assert.True(_enumerations.HoldUp());
        _clock.Now += TimeSpan.FromSeconds(1);
        Assert.False(_enumerations.HoldUp());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_subscription_begins_with_its_next_element_when_the_gate_opens(bool isAwaitedByParticipant)
    {
        CallBegins(isAwaitedByParticipant);
        CallEnds(EnumerationResult.Element);
        _turns.Close();
        Assert.True(_enumerations.CountsAsHandler(_id));
        _clock.Now += OpenEnumerations.RunningLimit;
        CallEnds(EnumerationResult.Element);
        Assert.Equal(isAwaitedByParticipant, _enumerations.HoldUp());
        Assert.Equal(isAwaitedByParticipant, _enumerations.CountsAsHandler(_id));

        var running = Run();
        Assert.Equal((isAwaitedByParticipant, isAwaitedByParticipant), (_enumerations.AnyRuns, _enumerations.HoldUp()));
        _turns.Open();
        await Eventually.Holds(() => _enumerations.AnyRuns);
        Assert.Equal((true, 1, 0), (_enumerations.HoldUp(), _codeRuns, _turns.ActiveHandlers));
        _element.SetResult(true);
        Assert.True(await running);
        Assert.Equal((isAwaitedByParticipant, 2), (_enumerations.HoldUp(), _codeRuns));
    }

    /// <summary>Mostly it waits for an event, and each checkpoint would have to wait for it.</summary>
    [Fact]
    public async Task The_code_of_a_subscription_is_in_use_only_for_a_moment()
    {
        BecomesSubscription();
        var running = Run();
        Assert.True(_enumerations.HoldUp());
        _clock.Now += OpenEnumerations.SubscriptionLimit;
        Assert.False(_enumerations.HoldUp());
        _element.SetResult(true);
        Assert.True(await running);
    }

    /// <summary>No end of a call says that there is a quiescent instant.</summary>
    [Fact]
    public async Task A_checkpoint_is_taken_when_code_has_ended_for_which_no_call_waits()
    {
        BecomesSubscription();
        var running = Run();
        var captures = 0;
        _turns.WhenQuiescent(() => captures++);
        Assert.Equal(0, captures);
        _element.SetResult(true);
        Assert.True(await running);
        _queued.RunAll();
        Assert.Equal(1, captures);
    }

    /// <summary>Its participant has gone, and left its code to itself.</summary>
    [Fact]
    public async Task Code_that_calls_grains_for_ever_holds_up_one_checkpoint_only_so_long_after_its_participant_has_last_asked()
    {
        CallBegins(isAwaitedByParticipant: true);
        CallEnds(EnumerationResult.Element);
        using var stop = new CancellationTokenSource();
        var (calls, called) = (new SemaphoreSlim(0), 0);
        var running = _enumerations.CodeOf(_id).ToNext(Polls()).AsTask();
        var captures = 0;
        _clock.Now += OpenEnumerations.RunningLimit;
        await CallsAGrain();
        _turns.WhenQuiescent(() => captures++);
        for (var second = 0; second < 5; second++)
        {
            Assert.True(_enumerations.HoldUp());
            _clock.Now += TimeSpan.FromSeconds(1);
            await CallsAGrain();
        }

        Assert.False(_enumerations.HoldUp());
        _turns.CaptureIfQuiescent();
        Assert.Equal(1, captures);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);

        async Task CallsAGrain()
        {
            var before = called;
            calls.Release();
            await Eventually.Holds(() => Volatile.Read(ref called) > before);
        }

        async IAsyncEnumerator<int> Polls()
        {
            while (await calls.WaitAsync(Timeout.InfiniteTimeSpan, stop.Token))
            {
                _enumerations.CodeGoesOn();
                Interlocked.Increment(ref called);
            }

            yield break;
        }
    }

    [Fact]
    public async Task A_subscription_that_waits_for_the_gate_fails_when_its_grain_is_replaced()
    {
        CallBegins(isAwaitedByParticipant: false);
        _clock.Now += OpenEnumerations.RunningLimit;
        _turns.Stop();
        var running = Run();
        _turns.RejectWaiting(() => new InvalidOperationException("replaced"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => running);
        Assert.Equal((false, 0), (_enumerations.AnyRuns, _codeRuns));
    }

    /// <summary>It waits no more: what it does after the answer belongs to what it has asked for. What others call does not concern it.</summary>
    [Fact]
    public async Task Code_that_has_waited_for_long_and_calls_a_grain_is_in_use_again()
    {
        CallBegins(isAwaitedByParticipant: false);
        var comes = new TaskCompletionSource();
        var running = _enumerations.CodeOf(_id).ToNext(Code()).AsTask();
        _clock.Now += OpenEnumerations.RunningLimit;
        _enumerations.CodeGoesOn();
        Assert.False(_enumerations.HoldUp());
        comes.SetResult();
        await Eventually.Holds(_enumerations.HoldUp);
        _clock.Now += OpenEnumerations.RunningLimit;
        Assert.False(_enumerations.HoldUp());
        _element.SetResult(true);
        await running;

        async IAsyncEnumerator<int> Code()
        {
            await comes.Task;
            _enumerations.CodeGoesOn();
            await _element.Task;
            yield return 1;
        }
    }

    /// <summary>As of a finally block, when its caller has left.</summary>
    [Fact]
    public async Task What_the_end_of_an_enumeration_does_is_code_that_runs()
    {
        CallBegins(isAwaitedByParticipant: false);
        CallEnds(EnumerationResult.Element);
        _clock.Now += OpenEnumerations.RunningLimit;
        _turns.Close();
        Assert.False(_enumerations.HoldUp());
        var ends = _enumerations.CodeOf(_id).End(new Code(_element)).AsTask();
        Assert.Equal((true, true, 1), (_enumerations.HoldUp(), _enumerations.AnyRuns, _codeRuns));
        _element.SetResult(true);
        await ends;
        Assert.Equal((false, false, 2), (_enumerations.HoldUp(), _enumerations.AnyRuns, _codeRuns));
    }

    /// <summary>However many there are, and however often new ones come.</summary>
    [Fact]
    public void All_that_no_participant_awaits_hold_up_one_checkpoint_only_so_long()
    {
        var captures = 0;
        for (var attempt = 1; attempt <= 5; attempt++)
        {
            CallEnds(EnumerationResult.Element, Guid.NewGuid());
            _turns.WhenQuiescent(() => captures++);
            Assert.True(_enumerations.HoldUp());
            _clock.Now += OpenEnumerations.RunningLimit / 5;
            CallEnds(EnumerationResult.Element, Guid.NewGuid());
            Assert.Equal(attempt < 5, _enumerations.HoldUp());
            _turns.ForgetCapture();

            // Nobody waits for a checkpoint.
            _clock.Now += TimeSpan.FromMinutes(1);
        }

        CallEnds(EnumerationResult.Element, Guid.NewGuid());
        Assert.True(_enumerations.HoldUp());
        Assert.Equal(0, captures);
        _turns.WhenQuiescent(() => captures++);
        Assert.Equal(1, captures);

        _enumerations.HoldUpNext();
        _turns.WhenQuiescent(() => captures++);
        Assert.True(_enumerations.HoldUp());
        CallBegins(isAwaitedByParticipant: true);
        _clock.Now += OpenEnumerations.RunningLimit - TimeSpan.FromSeconds(1);
        Assert.True(_enumerations.HoldUp());
        Assert.Equal(1, captures);
    }

    [Fact]
    public void Enumerations_that_the_runtime_has_ended_because_nobody_asked_for_more_are_forgotten_when_there_are_many()
    {
        CallEnds(EnumerationResult.Element);
        for (var i = 1; i < 64; i++)
            CallEnds(EnumerationResult.Element, Guid.NewGuid());

        _clock.Now += 4 * ResponseTimeout;
        CallEnds(EnumerationResult.Element, Guid.NewGuid());
        Assert.Equal(65, _enumerations.Count);

        _clock.Now += TimeSpan.FromSeconds(1);
        for (var i = 0; i < 64; i++)
            CallEnds(EnumerationResult.Element, Guid.NewGuid());

        Assert.Equal(65, _enumerations.Count);
        Assert.False(_enumerations.BeganElsewhere(_id));
        Assert.True(_enumerations.BeganElsewhere(Guid.NewGuid()));
    }

    private void BecomesSubscription()
    {
        CallBegins(isAwaitedByParticipant: false);
        _clock.Now += OpenEnumerations.RunningLimit;
        CallEnds(EnumerationResult.Element);
    }

    private void CallBegins(bool isAwaitedByParticipant) => _enumerations.CallBegins(_id, isAwaitedByParticipant);

    private Task<bool> Run() => _enumerations.CodeOf(_id).ToNext(new Code(_element)).AsTask();

    private void CallEnds(EnumerationResult status, Guid? id = null) => _enumerations.CallEnded(id ?? _id, Response.FromResult((status, (object?)null)));

    private sealed class Code(TaskCompletionSource<bool> next) : IAsyncEnumerator<int>
    {
        public int Current => 1;

        public ValueTask<bool> MoveNextAsync() => new(next.Task);

        public ValueTask DisposeAsync() => new(next.Task);
    }
}
