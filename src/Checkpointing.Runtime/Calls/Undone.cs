namespace Checkpointing.Runtime.Calls;

/// <summary>The errors of calls that a rollback or the loss of a silo has ended, and how to tell them from other errors.</summary>
internal static class Undone
{
    private const string NoResponse = "Response did not arrive on time";

    private static readonly string RejectedForDeadSilo = new SiloUnavailableException().Message;

    public static RolledBackException Handler(GrainId grain) =>
        new($"Grain {grain} depends on work that was lost and rolls back to its permanent checkpoint; what this call did is undone. Call again.") { GrainId = grain };

    public static RolledBackException NotRun(GrainId grain) =>
        new($"Grain {grain} rolls back to its permanent checkpoint, and this call was not run. Call again.") { GrainId = grain };

    public static RolledBackException TooOld(GrainId grain) =>
        new($"The call to grain {grain} was on its way while a silo was lost or a connection broke, and was not run. Call again.") { GrainId = grain };

    public static RolledBackException HasArrived(GrainId grain) =>
        new($"Grain {grain} may have run this call before, when a silo or a connection was lost between it and its caller, and does not run it twice.") { GrainId = grain };

    public static RolledBackException Enumeration(GrainId grain) =>
        new($"The enumeration of grain {grain} has ended with that grain's activation, with what its code had done since the last element.") { GrainId = grain };

    public static RolledBackException Message(GrainId grain) =>
        new($"Grain {grain} did not run the call: it comes from work that is undone. Call again.") { GrainId = grain };

    public static RolledBackException Lost(GrainId callee, Exception? cause) =>
        new($"The call to grain {callee} was lost, and with it what it did there. The caller rolls back to its permanent checkpoint, so that no half of it stays. Call again.", cause) { GrainId = callee };

    public static RolledBackException Caller(GrainId grain) =>
        new($"Grain {grain} calls on although this activation of it is over: it rolls back, or was deactivated. Its call is not sent, and what it did since its last checkpoint is undone.") { GrainId = grain };

    /// <summary>
    /// The runtime's errors for a call that was on its way to a silo when that was declared dead. A call that was rejected before it was sent has the same type; only
    /// the text tells them apart.
    /// </summary>
    public static bool IsLoss(Exception error) => error is SiloUnavailableException && error.Message != RejectedForDeadSilo;

    /// <summary>The runtime's error for a call that was not answered in time. Of the same type may be an error of the callee's start or storage, and then it has not run.</summary>
    public static bool IsTimeout(Exception error) => error is TimeoutException && error.Message.StartsWith(NoResponse, StringComparison.Ordinal);

    /// <summary>The runtime's errors for a call that it has not delivered: no code of the callee has run, unless <see cref="MayHaveArrived"/> says otherwise.</summary>
    public static bool IsRejection(Exception error) => error is OrleansMessageRejectionException or SiloUnavailableException && !IsLoss(error);

    /// <summary>
    /// One of these errors says either that the call was never sent, or that the connection broke while it was being written. Then it may have arrived, and may still arrive.
    /// </summary>
    public static bool MayHaveArrived(Exception rejection) => rejection is SiloUnavailableException;
}
