using Checkpointing.Protocol.Consistency;
using Checkpointing.Protocol.Tests.KooToueg;

namespace Checkpointing.Protocol.Tests.Consistency;

public sealed class CutVerificationTests
{
    private const string OneMessage = """ "procs":["p","q"],"trace":["p->q:m@1","q<-m"] """;

    [Fact]
    public void An_orphan_is_named_with_its_ends()
    {
        var result = CutVerification.Verify($$"""{ {{OneMessage}}, "cut":{"p":0,"q":1} }""");
        Assert.Equal(CutVerdict.Inconsistent, result.Verdict);
        Assert.Equal(
            ["Inconsistent: 1 orphan message.", "Orphan: m (p->q, label 1). The cut of q contains its receipt, the cut of p not its send."],
            result.Lines);
    }

    [Fact]
    public void A_consistent_cut_names_what_is_in_transit()
    {
        var result = CutVerification.Verify($$"""{ {{OneMessage}}, "cut":{"q":0,"p":1} }""");
        Assert.Equal(CutVerdict.Consistent, result.Verdict);
        Assert.Equal(["Consistent: no orphan message among 2 processes.", "In transit: m (p->q, label 1)."], result.Lines);
    }

    [Fact]
    public void Consistent_vector_clocks_have_no_witness()
    {
        var result = CutVerification.Verify("""{"vectorClocks":{"p":[2,1,0],"q":[1,3,0],"r":[2,3,9]}}""");
        Assert.Equal(CutVerdict.Consistent, result.Verdict);
        Assert.Equal(["Consistent: none of 3 processes knows more of another than that process itself."], result.Lines);
    }

    [Fact]
    public void Inconsistent_vector_clocks_name_every_witnessing_pair()
    {
        var result = CutVerification.Verify("""{"vectorClocks":{"p":[2,1,0],"q":[3,3,0],"r":[0,4,9]}}""");
        Assert.Equal(CutVerdict.Inconsistent, result.Verdict);
        Assert.Equal(
            [
                "Inconsistent: 2 pairs of processes.",
                "q knows 3 events of p, but the cut of p contains only 2.",
                "r knows 4 events of q, but the cut of q contains only 3.",
            ],
            result.Lines);
    }

    [Fact]
    public void The_order_of_the_keys_is_the_order_of_the_entries()
    {
        Assert.Equal(CutVerdict.Consistent, CutVerification.Verify("""{"vectorClocks":{"q":[5,1],"p":[3,2]}}""").Verdict);
        Assert.Equal(CutVerdict.Inconsistent, CutVerification.Verify("""{"vectorClocks":{"p":[5,1],"q":[6,2]}}""").Verdict);
    }

    [Fact]
    public void Equal_knowledge_is_consistent()
        => Assert.Equal(CutVerdict.Consistent, CutVerification.Verify("""{"vectorClocks":{"p":[3,2],"q":[3,2]}}""").Verdict);

    [Theory]
    [InlineData("", "the input is empty")]
    [InlineData("  \n", "the input is empty")]
    [InlineData("{\n  \"procs\": [\n  oops", "not JSON, line 3: ")]
    [InlineData("{}x", "not JSON, line 1: ")]
    [InlineData("[]", "the document must be an object, but is an array")]
    [InlineData("null", "the document must be an object, but is null")]
    [InlineData("{}", "the document is empty; expected \"vectorClocks\", or \"procs\", \"trace\" and \"cut\"")]
    [InlineData("""{"clocks":{}}""", "unknown field \"clocks\"; expected \"vectorClocks\", or")]
    [InlineData("""{"vectorClocks":{"p":[0]},"procs":["p"]}""", "both forms at once")]
    [InlineData("""{"vectorClocks":{"p":[0]},"vectorClocks":{"p":[0]}}""", "the document: field \"vectorClocks\" is given twice")]
    [InlineData("""{"vectorClocks":[]}""", "\"vectorClocks\" must be an object, but is an array")]
    [InlineData("""{"vectorClocks":{}}""", "\"vectorClocks\" names no process")]
    [InlineData("""{"vectorClocks":{"p":1}}""", "\"vectorClocks\".\"p\" must be an array, but is a number")]
    [InlineData("""{"vectorClocks":{"p":["1"]}}""", "\"vectorClocks\".\"p\"[0] must be a number, but is a string")]
    [InlineData("""{"vectorClocks":{"p":[true]}}""", "\"vectorClocks\".\"p\"[0] must be a number, but is true or false")]
    [InlineData("""{"vectorClocks":{"p":[1.5]}}""", "\"vectorClocks\".\"p\"[0] must be a whole number, but is 1.5")]
    [InlineData("""{"vectorClocks":{"p":[1e99]}}""", "\"vectorClocks\".\"p\"[0] must be a whole number, but is 1e99")]
    [InlineData("""{"vectorClocks":{"p":[1,-2],"q":[0,0]}}""", "\"vectorClocks\".\"p\"[1] must not be negative, but is -2")]
    [InlineData("""{"vectorClocks":{"p":[1,2],"q":[0]}}""", "the clock of 'q' has 1 entries, but there are 2 processes")]
    [InlineData("""{"vectorClocks":{"p":[1,2,3],"q":[0,0,0]}}""", "the clock of 'p' has 3 entries, but there are 2 processes")]
    [InlineData("""{"vectorClocks":{"p":[1,0],"p":[0,0]}}""", "\"vectorClocks\": field \"p\" is given twice")]
    [InlineData("""{"trace":[],"cut":{}}""", "field \"procs\" is missing")]
    [InlineData("""{"procs":["p"],"cut":{"p":0}}""", "field \"trace\" is missing")]
    [InlineData("""{"procs":["p"],"trace":[]}""", "field \"cut\" is missing")]
    [InlineData("""{"procs":[],"trace":[],"cut":{}}""", "\"procs\" names no process")]
    [InlineData("""{"procs":["p","p"],"trace":[],"cut":{"p":0}}""", "\"procs\"[1]: process 'p' is named twice")]
    [InlineData("""{"procs":["p q"],"trace":[],"cut":{"p q":0}}""", "\"procs\"[0]: 'p q' is not a process name")]
    [InlineData("""{"procs":["p",7],"trace":[],"cut":{"p":0}}""", "\"procs\"[1] must be a string, but is a number")]
    [InlineData("""{"procs":["p"],"trace":"p","cut":{"p":0}}""", "\"trace\" must be an array, but is a string")]
    [InlineData("""{"procs":["p"],"trace":[{}],"cut":{"p":0}}""", "\"trace\"[0] must be a string, but is an object")]
    [InlineData("""{"procs":["p","q"],"trace":["p->q:m@1","q<-n"],"cut":{"p":0,"q":0}}""", "trace element 2 'q<-n': message 'n' is received but never sent")]
    [InlineData("""{"procs":["p"],"trace":[],"cut":{"p":0,"x":0}}""", "the cut names an unknown process 'x'")]
    [InlineData("""{"procs":["p","q"],"trace":[],"cut":{"p":0}}""", "the cut of process 'q' is missing")]
    [InlineData("""{"procs":["p"],"trace":[],"cut":{"p":1}}""", "the cut of 'p' is 1, but 'p' has 0 sends and receipts")]
    [InlineData("""{"procs":["p"],"trace":["ck p"],"cut":{"p":1}}""", "the cut of 'p' is 1, but 'p' has 0 sends and receipts")]
    [InlineData("""{"procs":["p"],"trace":[],"cut":{"p":99999999999}}""", "but 'p' has 0 sends and receipts")]
    [InlineData("""{"procs":["p"],"trace":[],"cut":{"p":-1}}""", "\"cut\".\"p\" must not be negative, but is -1")]
    [InlineData("""{"procs":["p"],"trace":[],"cut":{"p":null}}""", "\"cut\".\"p\" must be a number, but is null")]
    [InlineData("""{"procs":["\ud800"],"trace":[],"cut":{}}""", "\"procs\"[0] contains an escaped half of a surrogate pair")]
    [InlineData("""{"vectorClocks":{"\ud800":[0]}}""", "a field name of \"vectorClocks\" contains an escaped half of a surrogate pair")]
    public void Bad_input_gets_one_clear_message(string json, string reason)
    {
        var result = CutVerification.Verify(json);
        Assert.Equal(CutVerdict.BadInput, result.Verdict);
        var line = Assert.Single(result.Lines);
        Assert.StartsWith("Bad input: ", line, StringComparison.Ordinal);
        Assert.Contains(reason, line, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', line);
    }

    [Fact]
    public void Half_a_surrogate_pair_in_the_text_is_bad_input()
        => Assert.Equal(["Bad input: not JSON: the text contains half of a surrogate pair."], CutVerification.Verify("{\"\ud800\":1}").Lines);

    [Fact]
    public void Deep_nesting_is_bad_input()
        => Assert.Equal(CutVerdict.BadInput, CutVerification.Verify(new string('[', 100_000)).Verdict);

    [Fact]
    public void Any_truncation_of_a_document_is_bad_input()
    {
        const string Whole = """{"procs":["p","q"],"trace":["p->q:m@1","q<-m"],"cut":{"p":0,"q":1}}""";
        for (var length = 0; length < Whole.Length; length++)
        {
            Assert.Equal(CutVerdict.BadInput, CutVerification.Verify(Whole[..length]).Verdict);
        }

        Assert.Equal(CutVerdict.Inconsistent, CutVerification.Verify(Whole).Verdict);
    }

    [Fact]
    public void No_mutilated_document_makes_it_throw()
    {
        string[] documents =
        [
            """{"procs":["p","q"],"trace":["p->q:m@1","q<-m","C p","ck q"],"cut":{"p":0,"q":1}}""",
            """{"vectorClocks":{"p":[2,1,0],"q":[3,3,0],"r":[0,4,9]}}""",
        ];
        const string Inserted = "{}[]\",:@<->-0123456789.eEpqm\\u \n\0\ud800";
        foreach (var seed in Seeds.UpTo(5_000))
        {
            var random = new Random(seed);
            var text = documents[seed % documents.Length].ToCharArray();
            for (var i = random.Next(1, 4); i > 0; i--)
            {
                text[random.Next(text.Length)] = Inserted[random.Next(Inserted.Length)];
            }

            var error = Record.Exception(() => CutVerification.Verify(new string(text)));
            Assert.True(error is null, $"Seed {seed}: {new string(text)}: {error}");
        }
    }
}
