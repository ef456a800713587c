using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.KooToueg;

public sealed class RandomHistoryTests
{
    [Fact]
    public void The_same_seed_gives_the_same_history()
        => Assert.Equal(RandomHistory.Generate(7, new HistoryShape()).Events, RandomHistory.Generate(7, new HistoryShape()).Events);

    [Fact]
    public void Another_seed_gives_another_history()
        => Assert.NotEqual(RandomHistory.Generate(7, new HistoryShape()).Events, RandomHistory.Generate(8, new HistoryShape()).Events);

    [Fact]
    public void Messages_overtake_each_other_unless_the_shape_is_fifo()
    {
        Assert.Contains(Enumerable.Range(1, 50), seed => Overtakes(RandomHistory.Generate(seed, new HistoryShape())));
        Assert.DoesNotContain(Enumerable.Range(1, 50), seed => Overtakes(RandomHistory.Generate(seed, new HistoryShape { IsFifo = true })));
    }

    private static bool Overtakes(Trace history)
        => history.Events.OfType<ReceiveEvent>()
            .Select(receipt => history.Message(receipt.Message))
            .GroupBy(message => (message.From, message.To))
            .Any(channel => !channel.Select(message => message.Label).SequenceEqual(channel.Select(message => message.Label).Order()));
}
