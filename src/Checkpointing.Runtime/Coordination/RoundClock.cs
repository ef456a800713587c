using System.Diagnostics;
using Checkpointing.Protocol.CheckpointAlgorithm;
using Checkpointing.Runtime.Hosting;

namespace Checkpointing.Runtime.Coordination;

/// <summary>How long the pure protocol's timers run, and what the coordinator observes of the running round: its pause and the bytes written for it.</summary>
internal sealed class RoundClock(CheckpointingOptions options, ProofOptions proofs, TimeProvider time, CheckpointingMetrics metrics)
{
    private readonly Queue<Dictionary<RoundNumber, long>> _storedBytes = new([[]]);
    private Activity? _activity;
    private RoundNumber _round;
    private long _firstGateClosed;
    private long _lastGateOpened;
    private bool _willStore;
    private bool _isStoring;

    /// <summary>How long nothing must be heard before what may have been lost is sent again; the longest interval between copies of a request to store is 16 times this.</summary>
    public static TimeSpan ResendInterval { get; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The pause before the record is tried again, after so many failures in a row.</summary>
    public static TimeSpan BackOff(int failures) => TimeSpan.FromMilliseconds(50 << Math.Min(failures, 6));

    public TimeSpan DurationOf(RoundTimer timer) => timer.Kind switch
    {
        RoundTimerKind.DrainDue => options.MaxPause * 0.6,
        RoundTimerKind.PauseDue => options.MaxPause * 0.9,
        RoundTimerKind.RetakeDue => TimeSpan.FromMilliseconds(timer.Count <= 1 ? 0 : 1 << Math.Min(timer.Count, 6)),
        RoundTimerKind.ResendDue => ResendInterval * (1 << Math.Min(timer.Count, RoundTimer.LongestResend)),
        RoundTimerKind.VoteDue => options.VoteTimeout,
        RoundTimerKind.ProofsDue => proofs.QuietTime,
        RoundTimerKind.NextProofsDue => TimeSpan.FromMilliseconds(250),
        RoundTimerKind.RetryDue => TimeSpan.FromMilliseconds(100 << Math.Min(timer.Count, 5)),
        _ => TimeSpan.FromMilliseconds(500),
    };

    public TimeSpan Pause => _firstGateClosed == 0 ? TimeSpan.Zero : time.GetElapsedTime(_firstGateClosed, _lastGateOpened == 0 ? time.GetTimestamp() : _lastGateOpened);

    /// <summary>Sees every message to a participant: the first Join begins the pause, the Store that follows the verification ends it.</summary>
    public void OnSent(ToParticipant message)
    {
        switch (message)
        {
            case JoinRound join when join.Round != _round:
                RoundEnded();
                _round = join.Round;
                _firstGateClosed = time.GetTimestamp();
                _activity = metrics.Activities.StartActivity("checkpoint round");
                _activity?.SetTag("checkpointing.round", join.Round.ToString());
                break;
            case StoreSnapshot or UndoTentative when _firstGateClosed != 0 && !_isStoring:
                _lastGateOpened = time.GetTimestamp();
                _willStore |= message is StoreSnapshot;
                break;
        }
    }

    /// <summary>All that followed from one event is sent: once the snapshots are being stored all gates are open, and what is sent again later opens none.</summary>
    public void OnAllSent() => _isStoring = _willStore;

    public void OnStored(RoundNumber number, long bytes) => _storedBytes.Last()[number] = _storedBytes.Last().GetValueOrDefault(number) + bytes;

    /// <summary>Over all rounds that served the request: they follow each other.</summary>
    public long StoredBytes(RoundReport report) =>
        report.Committed.Select(member => member.Number).Distinct().Sum(number => _storedBytes.Sum(round => round.GetValueOrDefault(number)));

    public void RoundEnded()
    {
        if (_firstGateClosed != 0)
        {
            metrics.RoundEnded(Pause);
            _storedBytes.Enqueue([]);
            if (_storedBytes.Count > options.MaxAttempts)
            {
                _storedBytes.Dequeue();
            }

            _activity?.SetTag("checkpointing.pause_ms", Pause.TotalMilliseconds);
        }

        _activity?.Dispose();
        _activity = null;
        _firstGateClosed = 0;
        _lastGateOpened = 0;
        _willStore = false;
        _isStoring = false;
    }
}
