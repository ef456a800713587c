namespace Checkpointing.TestKit;

internal static class KeyRules
{
    public static async Task AnyGrainIdIsAKey(JudgedStorage judged)
    {
        var unique = judged.UniqueKey();

        // The first is shared with the application's own records on purpose: only the state name is ours.
        GrainId[] grains =
        [
            GrainId.Create("checkpoint-coordinator", "default"),
            GrainId.Create("account", "7"),
            GrainId.Create("account", "Konto Nr. 7 / Zürich"),
            GrainId.Create("account", "7+more"),
            GrainId.Create("account", "a'b\"c;d\\e%f_g*h?i"),
            GrainId.Create("account", "鍵-\U0001F511"),
            GrainId.Create("sys.svc.user.name`1[[x]]", new string('k', 300)),
        ];
        await AllAreKeptApart(judged, grains.Select(grain => judged.Record($"grain-ids-{unique}", grain)));
    }

    public static async Task AnyStateNameIsAKey(JudgedStorage judged)
    {
        var grain = GrainId.Create("conformance", judged.UniqueKey());
        string[] names = ["state", "my state", "a'b", "a\"b", "a;--b", "a\\b", "a/b", "a%b_c*d?e", "a+b:c#d", "naïve", "名前", "\U0001F600", "..", new string('s', 200)];
        await AllAreKeptApart(judged, names.Select(name => judged.Record(name, grain)));
    }

    public static async Task DifferentRecordsAreKeptApart(JudgedStorage judged)
    {
        var key = judged.UniqueKey();
        await AllAreKeptApart(judged,
        [
            judged.Record("state", GrainId.Create("account", key)),
            judged.Record("other", GrainId.Create("account", key)),
            judged.Record("state", GrainId.Create("branch", key)),
            judged.Record("state", GrainId.Create("account", key + "x")),
        ]);
    }

    public static async Task KeysThatDifferOnlyInCaseAreKeptApart(JudgedStorage judged)
    {
        var key = judged.UniqueKey();
        await AllAreKeptApart(judged,
        [
            judged.Record("state", GrainId.Create("account", key + "-a")),
            judged.Record("state", GrainId.Create("account", key + "-A")),
            judged.Record("State", GrainId.Create("account", key + "-a")),
        ]);
    }

    public static async Task KeysThatDifferOnlyInPartingAreKeptApart(JudgedStorage judged)
    {
        // Joined with a slash, as GrainId.ToString does, the keys of each pair are one string.
        var key = judged.UniqueKey();
        await AllAreKeptApart(judged,
        [
            judged.Record("a/b", GrainId.Create("c", key)),
            judged.Record("a", GrainId.Create("b", "c/" + key)),
        ]);
    }

    private static async Task AllAreKeptApart(JudgedStorage judged, IEnumerable<RecordUnderTest> records)
    {
        List<(RecordUnderTest Record, GrainState<ConformanceState> Held)> written = [];
        foreach (var record in records)
        {
            await record.MustBeAbsent();
            written.Add((record, await record.Write($"state {written.Count}")));
        }

        foreach (var (record, held) in written)
            await record.MustHold(held);

        var (cleared, last) = written[^1];
        await cleared.Clear(last);
        foreach (var (record, held) in written[..^1])
            await record.MustHold(held);
        judged.Require(written.Count > 1, "the rule compared no records");
    }
}
