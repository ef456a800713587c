namespace Checkpointing.TestKit;

internal static class ClearRules
{
    public static async Task ClearedRecordReadsAsAbsent(JudgedStorage judged)
    {
        var record = judged.NewRecord();
        var held = await record.Write("to be cleared");
        await record.Clear(held);
        judged.Require(!held.RecordExists, $"a clear of {record} leaves its caller's RecordExists true");
        await record.MustBeAbsent();
    }

    public static async Task ClearWithStaleETagIsRejected(JudgedStorage judged)
    {
        var record = judged.NewRecord();
        var first = await record.Write("first");
        var second = await record.Write("second", first.ETag);
        judged.Require(await record.TryClear(first) is not null, $"a clear of {record} with the ETag before the last went through");
        await record.MustHold(second);
    }

    public static async Task ClearedRecordCanBeWrittenAgain(JudgedStorage judged)
    {
        var record = judged.NewRecord();
        var held = await record.Write("before the clear");
        await record.Clear(held);

        // With the ETag that the clear left: null after a delete, a value if the provider keeps a tombstone.
        held.State = new ConformanceState { Text = "after the clear" };
        await record.Write(held);
        await record.MustHold(held);
    }

    public static async Task ETagFromBeforeAClearIsRejected(JudgedStorage judged)
    {
        var record = judged.NewRecord();
        var before = await record.Write("before the clear");
        var etagBefore = before.ETag;
        await record.Clear(before);
        await record.MustReject(etagBefore, "the ETag from before the clear");
        await record.MustBeAbsent();

        before.State = new ConformanceState { Text = "after the clear" };
        await record.Write(before);
        await record.MustReject(etagBefore, "the ETag from before the clear, once the record exists again,");
        await record.MustHold(before);
    }
}
