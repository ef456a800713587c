namespace Checkpointing.TestKit;

internal static class ETagRules
{
    public static async Task EveryWriteChangesTheETag(JudgedStorage judged)
    {
        var record = judged.NewRecord();
        var held = await record.Write("the same state each time");
        HashSet<string> seen = [];
        for (var write = 1; write <= 5; write++)
        {
            judged.Require(!string.IsNullOrEmpty(held.ETag), $"write {write} of {record} gives its caller no ETag");
            judged.Require(seen.Add(held.ETag), $"write {write} of {record} gives the ETag '{held.ETag}', which an earlier write gave");
            await record.Write(held);
        }
    }

    public static async Task StaleETagIsRejected(JudgedStorage judged)
    {
        var record = judged.NewRecord();
        var first = await record.Write("first");
        var second = await record.Write("second", first.ETag);
        await record.MustReject(first.ETag, "the ETag before the last");
        await record.MustReject("an-etag-that-never-was", "an ETag that the storage never gave");
        await record.MustHold(second);
    }

    public static async Task NullETagOverExistingRecordIsRejected(JudgedStorage judged)
    {
        var record = judged.NewRecord();
        var held = await record.Write("first");
        await record.MustReject(outdatedETag: null, "no ETag");
        await record.MustHold(held);
    }

    public static async Task ETagOverMissingRecordIsRejected(JudgedStorage judged)
    {
        var other = await judged.NewRecord().Write("another record, whose ETag is a real one");
        var record = judged.NewRecord();
        await record.MustReject(other.ETag, "an ETag, over a record that does not exist,");
        await record.MustBeAbsent();
    }
}
