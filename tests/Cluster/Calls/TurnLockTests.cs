using Checkpointing.Cluster.Tests.Kit;
using Checkpointing.Runtime.Calls;

namespace Checkpointing.Cluster.Tests.Calls;

/// <summary>The order of the queue, where grains cannot force it.</summary>
public sealed class TurnLockTests
{
    private const Turn Writer = Turn.Nested;
    private const Turn Reader = Turn.Nested | Turn.ReadOnly;

    /// <summary>Whoever reads may wait, through others, for one who reads behind a writer.</summary>
    [Fact]
    public void When_a_reader_is_admitted_those_behind_a_waiting_writer_are_too_and_the_writer_is_next()
    {
        var turns = new TurnLock(new NoScheduler(), TimeProvider.System, TimeSpan.FromSeconds(30));
        Assert.True(turns.TryEnter(Writer, Guid.Empty));
        var waiting = new[] { Reader, Writer, Reader, Writer, Turn.ReadOnly }.Select(turn =>
        {
            Assert.False(turns.TryEnter(turn, Guid.Empty));
            return turns.Enqueue(turn, Guid.Empty, request: null);
        }).ToList();

        turns.Exit(Writer);
        Assert.Equal([true, false, true, false, false], waiting.Select(call => call.Admitted.IsCompleted));
        Assert.True(turns.TryEnter(Reader, Guid.Empty));
        Assert.False(turns.TryEnter(Turn.ReadOnly, Guid.Empty));

        for (var readers = 3; readers > 0; readers--)
            turns.Exit(Reader);

        Assert.Equal([true, true, true, false, false], waiting.Select(call => call.Admitted.IsCompleted));
        Assert.Equal(1, turns.ActiveHandlers);
    }

    [Fact]
    public void Whoever_waits_for_the_calls_that_are_outstanding_does_not_wait_for_later_ones()
    {
        var turns = new TurnLock(new NoScheduler(), TimeProvider.System, TimeSpan.FromSeconds(30));
        Assert.True(turns.WhenOutstandingCallsEnd().IsCompleted);
        var (first, second) = (Send(), Send());
        var ended = turns.WhenOutstandingCallsEnd();
        var later = Send();
        Assert.False(ended.IsCompleted);

        second();
        Assert.False(ended.IsCompleted);
        first();
        Assert.True(ended.IsCompleted);

        var laterEnded = turns.WhenOutstandingCallsEnd();
        Send()();
        Assert.False(laterEnded.IsCompleted);
        later();
        Assert.True(laterEnded.IsCompleted);
        Assert.Equal(0, turns.OutstandingCalls);

        Action Send()
        {
            var period = turns.Period;
            turns.CallSent(Guid.Empty);
            return () => turns.CallEnded(Guid.Empty, period);
        }
    }
}
