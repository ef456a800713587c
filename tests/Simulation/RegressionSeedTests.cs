using Checkpointing.Simulation.Tests.Runtime;
using Xunit;

namespace Checkpointing.Simulation.Tests;

/// <summary>Seeds that once broke a promise. They run always; the violation that each of them showed is named.</summary>
public class RegressionSeedTests
{
    private const string GapCovered = "the run of a commit covered the number of a failed component of its own round";
    private const string DecisionOverwritten = "a decision that landed after it was given up was overwritten";
    private const string LeftOutDuringTheVote = "a member was left out while its component waited for its vote";
    private const string CleanGrainWrote = "a clean participant wrote, because a life without labels had made its table longer";
    private const string UnverifiedSnapshot = "a later life stored its own snapshot in the place of the one that was verified";
    private const string RefusedBeforeItCouldBeKnown = "a request was to be refused because of a chain of which its coordinator had not heard yet";
    private const string SupersededUnaware = "a superseded coordinator did not notice, or called a younger round forgotten";

    // The last of these were the checkers' own mistakes: they expected more than anybody could know.
    [Theory]
    [InlineData(1UL, GapCovered)]
    [InlineData(38UL, GapCovered)]
    [InlineData(214UL, GapCovered)]
    [InlineData(257UL, GapCovered)]
    [InlineData(112UL, DecisionOverwritten)]
    [InlineData(195UL, DecisionOverwritten)]
    [InlineData(51UL, LeftOutDuringTheVote)]
    [InlineData(52UL, LeftOutDuringTheVote)]
    [InlineData(442UL, LeftOutDuringTheVote)]
    [InlineData(10UL, CleanGrainWrote)]
    [InlineData(209UL, CleanGrainWrote)]
    [InlineData(20UL, SupersededUnaware)]
    [InlineData(36UL, SupersededUnaware)]
    [InlineData(14183UL, SupersededUnaware)]
    [InlineData(1004326UL, UnverifiedSnapshot)]
    [InlineData(1005436UL, UnverifiedSnapshot)]
    [InlineData(1446UL, "a delayed Join of an undone round closed the gate of a participant that was in doubt about an earlier one")]
    [InlineData(11724UL, "a released member came back in the same round, and the delayed Undo of its release undid what was committed")]
    [InlineData(49750UL, RefusedBeforeItCouldBeKnown)]
    [InlineData(55890UL, RefusedBeforeItCouldBeKnown)]
    [InlineData(84297UL, RefusedBeforeItCouldBeKnown)]
    [InlineData(139371UL, RefusedBeforeItCouldBeKnown)]
    [InlineData(166928UL, RefusedBeforeItCouldBeKnown)]
    [InlineData(117261UL, "a message that arrived after its effects had been read from its sender was not counted as received")]
    [InlineData(2016279UL, "a coordinator that crashed over a message was held to have learned from it")]
    [InlineData(2012295UL, "a rolled back participant began on a silo that had joined after the decision and did not have the facts yet")]
    [InlineData(2015141UL, "a life that had read its slots before a round was proven, and forgotten, took it for aborted")]
    public void A_seed_that_once_failed_keeps_every_promise(ulong seed, string violation)
    {
        // As the simulation was when they failed.
        var run = SimulationRun.Of(seed, settings: new SimulationSettings { FewestActors = 4 });

        Assert.True(run.Violation is null, $"{violation}: {run.Violation}");
    }

    [Theory]
    [InlineData(2053681UL, "a silo that had joined under the present membership had not been told of the lines that had been drawn under it")]
    [InlineData(2057219UL, "a read that was recorded at its end, because somebody else had changed its callee meanwhile, was not looked at for undone work again")]
    [InlineData(2080990UL, "a silo that joined after the decision did not have the facts yet when a participant was rolled back by it")]
    [InlineData(2089977UL, "messages that said nothing new, all at once after a silence, kept a gate closed")]
    [InlineData(2193172UL, "messages that said nothing new, all at once after a silence, kept a gate closed")]
    [InlineData(2109499UL, "what an earlier life had received was held against the silo that did not look at the present one, which was starting")]
    [InlineData(2034848UL, "what a coordinator had learned that was cut off already, and was paused before it could tell anybody, was held to be known")]
    [InlineData(2004203UL, "a rollback was said to have happened because the silo of its first one was gone; that one had gone on, and moved")]
    [InlineData(2035479UL, "an orphan that was in doubt about a round for longer than its silo remembers went on")]
    [InlineData(2033152UL, "a life that had moved said no to the word that decides, joined again when a late message asked it to, and obeyed")]
    public void A_seed_that_failed_later_keeps_every_promise(ulong seed, string violation)
    {
        var run = SimulationRun.Of(seed);

        Assert.True(run.Violation is null, $"{violation}: {run.Violation}");
    }
}
