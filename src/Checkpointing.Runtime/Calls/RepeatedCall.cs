using System.Runtime.ExceptionServices;
using Checkpointing.Protocol.RollbackAlgorithm;

namespace Checkpointing.Runtime.Calls;

/// <summary>
/// A call that was not run, because its callee rolls back or could not be reached, has had no effect; one whose callee was lost or has rolled back has none any more (RB-19). One of
/// which nobody knows whether it has arrived is cut off first (RB-20). It is sent again under the same label, so that its chain stays whole. It gives up when it has waited as long as a call may wait for its answer.
/// </summary>
/// <param name="origin">Who calls.</param>
/// <param name="callee">Who is called.</param>
/// <param name="first">The first copy.</param>
/// <param name="send">Sends one copy and awaits its answer.</param>
/// <param name="limit">So long after the end of the first copy it is given up.</param>
/// <param name="time">The clock.</param>
internal sealed class RepeatedCall(CallOrigin origin, GrainId callee, LabelledRequest first, Func<LabelledRequest, ValueTask<object?>> send, TimeSpan limit, TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(200);

    private readonly long _began = time.GetTimestamp();
    private LabelledRequest _copy = first;
    private TimeSpan _pause = FirstPause;
    private bool _mayHaveArrived;

    private bool IsOverdue => time.GetElapsedTime(_began) >= limit;

    private bool MayRunAgain => !_copy.HasRun && !EnumerationCall.Is(_copy);

    /// <summary>The first copy has ended with this error. The first answer that counts, received.</summary>
    public Task<object?> After(Exception error) => Repeat(error, null);

    /// <summary>The first copy has ended with an answer that does not count. The first one that does, received.</summary>
    public Task<object?> After(LabelledResponse response) => Repeat(null, response);

    private async Task<object?> Repeat(Exception? error, LabelledResponse? response)
    {
        while (true)
        {
            origin.ThrowIfStopped(callee);
            if (response is { Fate: CallFate.TooOld })
                origin.Rollbacks?.CutOffs.RaiseHere(response.RefusedUnder);

            switch (RuleFor(error, response))
            {
                case LostCall.SendAgain:
                    break;
                case LostCall.CutOffFirst when await TryCutOff() && !IsOverdue:
                    _mayHaveArrived = true;
                    break;
                case null:
                    ExceptionDispatchInfo.Throw(error ?? response!.Inner.Exception ?? Undone.NotRun(callee));
                    break;
                default:
                    if (origin.LoseCall(_copy.IsNested))
                        throw Undone.Lost(callee, error ?? response!.Inner.Exception);

                    return AsWithoutRollback(error, response);
            }

            do
            {
                await Task.Delay(_pause, time);
                _pause = _pause * 2 < LongestPause ? _pause * 2 : LongestPause;
                origin.ThrowIfStopped(callee);
            }
            while (origin.IsSuspect && !IsOverdue);

            _copy = _copy.Again(_copy.SentUnder == CallCutOff.Unchecked ? CallCutOff.Unchecked : origin.SentUnder(CallRole.Participant), _mayHaveArrived);
            if (_mayHaveArrived)
                origin.RepeatSent();

            object? answer = null;
            error = null;
            try
            {
                answer = await send(_copy);
            }
            catch (Exception exception)
            {
                error = exception;
            }
            finally
            {
                if (_mayHaveArrived)
                    origin.RepeatEnded();
            }

            response = answer as LabelledResponse;
            if (error is null && (response is null || origin.TryTake(response, callee)))
                return answer;
        }
    }

    /// <summary>A call of a relay that no participant awaits: nobody rolls back for it, so nobody may be told that. What it did may stay.</summary>
    private LabelledResponse AsWithoutRollback(Exception? error, LabelledResponse? response)
    {
        if (error is not null)
            ExceptionDispatchInfo.Throw(error);

        origin.TryReceive(response!.Stamps);
        return response;
    }

    /// <summary>What becomes of the call; null if this is its answer after all.</summary>
    private LostCall? RuleFor(Exception? error, LabelledResponse? response)
    {
        if (response is { Fate: CallFate.NotRun or CallFate.TooOld } || (error is not null && Undone.IsRejection(error)))
            return RuleForRejection(mayHaveArrived: error is not null && Undone.MayHaveArrived(error));

        if (response is not null)
            return response.Fate == CallFate.LostForGood || IsOverdue || !MayRunAgain ? LostCall.IsLost : LostCalls.OnUndone(_copy.SentUnder);

        if (Undone.IsLoss(error!))
            return IsOverdue || !MayRunAgain ? LostCall.IsLost : LostCalls.OnSiloGone(_copy.SentUnder);

        // Whatever ends it now, one copy may have run and another one may be on its way.
        return _mayHaveArrived || origin.IsLoss(error!) ? LostCall.IsLost : null;
    }

    private LostCall? RuleForRejection(bool mayHaveArrived)
    {
        if (IsOverdue)
            return _mayHaveArrived || mayHaveArrived ? LostCall.IsLost : null;

        // A relay that is asked for the next element once more gives another one.
        if (mayHaveArrived && _copy.SentUnder == CallCutOff.Unchecked && EnumerationCall.Is(_copy) && EnumerationCall.AsksForMore(_copy))
            return LostCall.IsLost;

        // A call to or from a relay cannot be cut off. While silos go it will have been addressed to one of them, and was not sent, or was refused.
        return !mayHaveArrived || (_copy.SentUnder == CallCutOff.Unchecked && origin.MayAddressGoneSilo) ? LostCall.SendAgain : LostCalls.OnSiloGone(_copy.SentUnder);
    }

    private async Task<bool> TryCutOff()
    {
        var cutOffs = origin.Rollbacks!.CutOffs;
        try
        {
            await cutOffs.RaiseEverywhere(LostCalls.LineThatStops(_copy.SentUnder, cutOffs.Line)).WaitAsync(limit, time);
            return true;
        }
        catch (Exception)
        {
            // Some silo may still run the copy that was lost.
            return false;
        }
    }
}
