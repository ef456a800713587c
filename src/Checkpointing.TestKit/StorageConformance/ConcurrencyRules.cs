namespace Checkpointing.TestKit;

internal static class ConcurrencyRules
{
    private const int Writers = 16;
    private const int Rounds = 5;
    private const int Records = 200;

    public static async Task OneOfManyConcurrentCreatorsWins(JudgedStorage judged)
    {
        for (var round = 0; round < Rounds; round++)
            await OneWins(judged, judged.NewRecord(), etag: null, round);
    }

    public static async Task OneOfManyConcurrentWritersWins(JudgedStorage judged)
    {
        var record = judged.NewRecord();
        var held = await record.Write("start");
        for (var round = 0; round < Rounds; round++)
            held = await OneWins(judged, record, held.ETag, round);
    }

    public static async Task ManyRecordsAtOnceDoNotDisturbEachOther(JudgedStorage judged)
    {
        await Task.WhenAll(Enumerable.Range(0, Records).Select(number => Task.Run(
            async () =>
            {
                var record = judged.NewRecord();
                var held = await record.Write($"record {number}, first");
                await record.MustHold(held);
                held.State = new ConformanceState { Text = $"record {number}, second", Number = number };
                await record.Write(held);
                await record.MustHold(held);
            },
            judged.Stop)));
    }

    private static async Task<GrainState<ConformanceState>> OneWins(JudgedStorage judged, RecordUnderTest record, string? etag, int round)
    {
        var contenders = Enumerable.Range(0, Writers).Select(writer => RecordUnderTest.Held($"writer {writer} of round {round}", etag)).ToArray();
        var outcomes = await Task.WhenAll(contenders.Select(held => Task.Run(() => record.TryWrite(held), judged.Stop)));
        var winners = contenders.Where((_, writer) => outcomes[writer] is null).ToArray();
        judged.Require(
            winners.Length == 1,
            $"of {Writers} concurrent writes of {record} with the same ETag ('{etag ?? "null"}'), {winners.Length} went through");
        await record.MustHold(winners[0]);
        return winners[0];
    }
}
