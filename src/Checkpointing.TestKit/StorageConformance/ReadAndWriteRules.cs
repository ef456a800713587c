namespace Checkpointing.TestKit;

internal static class ReadAndWriteRules
{
    private const int LargeStateBytes = 5 * 1024 * 1024;

    public static async Task MissingRecordReadsAsAbsent(JudgedStorage judged)
    {
        var record = judged.NewRecord();
        await record.MustBeAbsent();
        var read = await record.Read();
        judged.Require(read.ETag is null, $"a read of {record}, which was never written, gives the ETag '{read.ETag}'");
        judged.Require(read.State is not null, $"a read of {record}, which was never written, leaves State null");
    }

    public static async Task WrittenStateIsReadBack(JudgedStorage judged)
    {
        var record = judged.NewRecord();
        var held = RecordUnderTest.Held("first: Ωmega, \"quotes\", \0 and \U0001F600", etag: null);
        held.State!.Bytes = [0, 1, 255];
        await record.Write(held);
        judged.Require(held.RecordExists, $"a write of {record} leaves its caller's RecordExists false");
        await record.MustHold(held);
        held.State = new ConformanceState { Text = "second", Number = long.MinValue };
        await record.Write(held);
        await record.MustHold(held);
    }

    public static async Task LargeStateIsReadBack(JudgedStorage judged)
    {
        var record = judged.NewRecord();
        var held = RecordUnderTest.Held("large", etag: null);
        held.State!.Bytes = new byte[LargeStateBytes];
        for (var i = 0; i < LargeStateBytes; i++)
            held.State.Bytes[i] = (byte)((i * 31) ^ (i >> 8)); // no run that compresses away, no chance
        await record.Write(held);
        await record.MustHold(held);
    }

    public static async Task StoredStateIsACopy(JudgedStorage judged)
    {
        var record = judged.NewRecord();
        var written = await record.Write("as written");
        written.State!.Text = "changed by its writer afterwards";
        var read = await record.Read();
        judged.Require(read.State?.Text == "as written", $"a change of the object that was written to {record} shows in the storage");
        read.State.Text = "changed by a reader afterwards";
        var again = await record.Read();
        judged.Require(again.State?.Text == "as written", $"a change of the object that was read from {record} shows in the storage");
    }
}
