namespace Checkpointing.SiloHost.Http;

/// <summary>
/// The errors that a client may meet and that pass: each has a code, and the request may be repeated. A transfer is repeated with the same id, so it does
/// not matter whether the first request took effect. Everything else is a bug, and is answered as one.
/// </summary>
internal static class RetryableErrors
{
    public const string CodeField = "code";

    // The first that fits, so the special ones come first.
    private static readonly (Type Error, RetryableError Answer)[] Known =
    [
        (typeof(RolledBackException), new("rolled-back", "The request met work that was lost with a silo.", "What it did is undone.")),
        (typeof(SiloUnavailableException), new("silo-lost", "A silo that the request needed is gone.", "What it did there is undone or unknown.")),
        (typeof(GatewayTooBusyException), new("busy", "The bank is too busy.", "The request had no effect.")),
        (typeof(LimitExceededException), new("busy", "The bank is too busy.", "The request had no effect.")),
        (typeof(OrleansMessageRejectionException), new("refused", "A grain that the request needed could not be reached.", "It is not known whether it took effect.")),
        (typeof(TimeoutException), new("no-answer", "The bank did not answer in time.", "It is not known whether the request took effect.")),
        (typeof(OperationCanceledException), new("no-answer", "The bank gave up the request.", "It is not known whether it took effect.")),
    ];

    /// <summary>All codes.</summary>
    public static IEnumerable<string> Codes => Known.Select(known => known.Answer.Code).Distinct();

    /// <summary>Null for an error that a repetition does not cure.</summary>
    public static RetryableError? Of(Exception? error) => Known.FirstOrDefault(known => known.Error.IsInstanceOfType(error)).Answer;
}

/// <summary>What a client is told.</summary>
/// <param name="Code">For programs.</param>
/// <param name="Title">What failed.</param>
/// <param name="Effect">What became of the request.</param>
internal sealed record RetryableError(string Code, string Title, string Effect);
