namespace Checkpointing.TestKit;

internal static class CancellationRules
{
    public static async Task OperationsTakeACancellationToken(JudgedStorage judged)
    {
        using var neverCancelled = new CancellationTokenSource();
        var record = judged.NewRecord();
        var held = RecordUnderTest.Held("written with a token", etag: null);
        await record.WriteCancellably(held, neverCancelled.Token);
        await record.MustHold(held);
        var read = RecordUnderTest.Held("held before the read", etag: null);
        await record.ReadCancellably(read, neverCancelled.Token);
        judged.Require(read.RecordExists && read.State?.Text == "written with a token", $"a read of {record} with a token does not see what was written");
        await record.ClearCancellably(held, neverCancelled.Token);
        await record.MustBeAbsent();
    }

    public static async Task CancelledWriteIsAllOrNothing(JudgedStorage judged)
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        var record = judged.NewRecord();
        var before = await record.Write("before");
        var held = RecordUnderTest.Held("with a token that was cancelled before", before.ETag);

        // A storage may ignore the token and finish, or give up; either way the record and its caller must agree.
        var written = await record.WriteCancellably(held, cancelled.Token);
        await record.MustHold(written ? held : before);

        var current = written ? held : before;
        var cleared = RecordUnderTest.Held("before the clear", current.ETag);
        if (await record.ClearCancellably(cleared, cancelled.Token))
            await record.MustBeAbsent();
        else
            await record.MustHold(current);
    }
}
