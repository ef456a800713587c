using Checkpointing.SiloHost.Http;

namespace Checkpointing.SiloHost.Tests;

public sealed class RetryableErrorsTests
{
    public static TheoryData<Exception, string?> Errors => new()
    {
        { new SiloUnavailableException(), "silo-lost" },
        { new GatewayTooBusyException(), "busy" },
        { new TimeoutException(), "no-answer" },
        { new TaskCanceledException(), "no-answer" },
        { new InvalidOperationException(), null },
        { new OrleansException(), null },
    };

    [Theory]
    [MemberData(nameof(Errors))]
    public void What_passes_has_a_code_and_what_does_not_has_none(Exception error, string? code) => Assert.Equal(code, RetryableErrors.Of(error)?.Code);

}
