using System.Collections.Immutable;
using Checkpointing.Protocol.Consistency;

namespace Checkpointing.Protocol.Tests.Consistency;

public sealed class TraceParserTests
{
    private static readonly ImmutableArray<ProcessName> Processes = [new("p"), new("q"), new("r")];

    [Theory]
    [InlineData("p->q:m@1")]
    [InlineData("p->q:m@1 ; q<-m")]
    [InlineData("p->q:a@1 ; p->q:b@7 ; q<-b ; q<-a")]
    [InlineData("C p ; ck q ; q->p:m@1")]
    public void Events_are_written_as_they_are_read(string trace) => Assert.Equal(trace, string.Join(" ; ", Parse(trace).Events));

    [Fact]
    public void Without_a_label_a_send_takes_the_next_of_its_sender()
        => Assert.Equal("p->q:a@1 ; p->q:b@5 ; p->r:c@6 ; q->p:d@1", string.Join(" ; ", Parse("p->q:a ; p->q:b@5 ; p->r:c ; q->p:d").Events));

    [Fact]
    public void Names_may_look_like_grain_ids()
    {
        var trace = TraceParser.Parse([new("account/7"), new("bank-1")], ["account/7->bank-1:deposit.1@1", "bank-1<-deposit.1"]);
        Assert.Equal(new TraceMessage(new("deposit.1"), new("account/7"), new("bank-1"), new(1)), trace.Message(new("deposit.1")));
    }

    [Fact]
    public void A_local_history_contains_the_own_sends_and_receipts_only()
        => Assert.Equal("q<-a ; q->p:b@1", string.Join(" ; ", Parse("p->q:a ; ck q ; q<-a ; C q ; q->p:b ; p<-b").HistoryOf(new("q"))));

    [Theory]
    [InlineData("x->q:m@1", 1, "unknown process 'x'")]
    [InlineData("p->x:m@1", 1, "unknown process 'x'")]
    [InlineData("p->q:m@1 ; x<-m", 2, "unknown process 'x'")]
    [InlineData("C x", 1, "unknown process 'x'")]
    [InlineData("ck x", 1, "unknown process 'x'")]
    [InlineData("q<-m ; p->q:m@1", 1, "message 'm' is received before it is sent, by element 2")]
    [InlineData("q<-m", 1, "message 'm' is received but never sent")]
    [InlineData("p->q:m@1 ; p->r:m@2", 2, "message 'm' is sent twice, first by element 1")]
    [InlineData("p->q:m@1 ; q<-m ; q<-m", 3, "message 'm' is received twice, first by element 2")]
    [InlineData("p->q:m@1 ; r<-m", 2, "message 'm' was sent to 'q', not to 'r'")]
    [InlineData("p->q:a@2 ; p->r:b@2", 2, "the labels of 'p' must grow: 2 after 2")]
    [InlineData("p->p:m@1", 1, "process 'p' sends a message to itself")]
    [InlineData("p->q:m@0", 1, "the label '0' is not a whole number above 0")]
    [InlineData("p->q:m@-1", 1, "the label '-1' is not a whole number above 0")]
    [InlineData("p->q:m@", 1, "the label '' is not a whole number above 0")]
    [InlineData("p->q:m@1@2", 1, "the label '1@2' is not a whole number above 0")]
    [InlineData("p->q:m@9223372036854775807", 1, "the label '9223372036854775807' is not a whole number above 0")]
    [InlineData("p->q", 1, "malformed, the message name is missing; expected p->q:m@1, q<-m, C p or ck p")]
    [InlineData("p->q:@1", 1, "malformed, '' is not a message name")]
    [InlineData("->q:m@1", 1, "malformed, '' is not a process name")]
    [InlineData("p -> q:m@1", 1, "malformed, 'p ' is not a process name")]
    [InlineData("p->q->r:m@1", 1, "malformed, 'q->r' is not a process name")]
    [InlineData("q<-", 1, "malformed, '' is not a message name")]
    [InlineData("<-m", 1, "malformed, '' is not a process name")]
    [InlineData("C p q", 1, "malformed, 'p q' is not a process name")]
    [InlineData("Cp", 1, "malformed; expected p->q:m@1, q<-m, C p or ck p")]
    [InlineData("", 1, "malformed; expected")]
    public void A_wrong_element_is_named_with_its_position_and_reason(string trace, int position, string reason)
    {
        var error = Assert.Throws<InvalidTraceException>(() => Parse(trace));
        Assert.Equal(position, error.Position);
        Assert.StartsWith($"trace element {position} '{trace.Split(';')[position - 1].Trim()}': ", error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    private static Trace Parse(string trace) => TraceParser.Parse(Processes, trace.Split(';'));
}
