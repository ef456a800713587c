using Checkpointing.SiloHost.Http;

namespace Checkpointing.SiloHost.Tests;

public sealed class RetryableErrorsTests
{
    public static TheoryData<Exception, string?> Errors => new()
    {
        { new RolledBackException("lost work"), "rolled-back" },
        { new SiloUnavailableException(), "silo-lost" },
        { new GatewayTooBusyException(), "busy" },
        { new LimitExceededException("too many"), "busy" },
        { new TimeoutException(), "no-answer" },
        { new TaskCanceledException(), "no-answer" },
        { new OperationCanceledException(), "no-answer" },

        // What the library says of a store or of code that somebody has to put right.
        { new CheckpointRecordUnreadableException("checksum"), null },
        { new CheckpointedStateIncompatibleException("type"), null },
        { new CheckpointDecisionUnknownException("missing"), null },
        { new CallLostItsContextException(), null },
        { new InvalidOperationException(), null },
        { new OrleansException(), null },
    };

    [Theory]
    [MemberData(nameof(Errors))]
    public void What_passes_has_a_code_and_what_does_not_has_none(Exception error, string? code) => Assert.Equal(code, RetryableErrors.Of(error)?.Code);

    [Fact]
    public void Every_error_of_the_library_is_among_them() => Assert.Empty(
        typeof(CheckpointingException).Assembly.GetExportedTypes()
            .Where(type => type.IsSubclassOf(typeof(CheckpointingException)))
            .Except(Errors.Select(row => row.Data.Item1.GetType())));
}
