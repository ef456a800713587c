using Checkpointing.Protocol.CheckpointAlgorithm;

namespace Checkpointing.Runtime.Participants;

/// <summary>When a participant has to do something although nobody tells it to: in the silence of its coordinator (CP-8), and lest the runtime collects what has changed.</summary>
internal sealed class ParticipantCare(ParticipantServices services)
{
    private static readonly TimeSpan KeepAliveStep = TimeSpan.FromMinutes(2);

    private long _lastHeard;
    private long _keptAliveAt;
    private bool _isPosted;

    /// <summary>Whether a changed grain has to be kept alive again.</summary>
    public bool IsKeepAliveDue => _keptAliveAt == 0 || services.Time.GetElapsedTime(_keptAliveAt) > KeepAliveStep / 2;

    /// <summary>In a turn of that grain, unless one is awaited already: code that does not return may block its turns for long. From any thread.</summary>
    public void Post(IGrainContext grain, Action takeCare)
    {
        if (!Interlocked.Exchange(ref _isPosted, true))
        {
            services.InTurnOf(grain, () =>
            {
                Interlocked.Exchange(ref _isPosted, false);
                takeCare();
            });
        }
    }

    /// <summary>The coordinator has said something about the present round.</summary>
    public void Heard() => _lastHeard = services.Time.GetTimestamp();

    /// <summary>Whether it has been silent for too long; then the silence begins anew.</summary>
    public bool IsSilenceOver(ParticipantPhase phase)
    {
        var limit = phase == ParticipantPhase.InDoubt ? services.Options.DecisionPollInterval : services.Options.MaxPause * 2;
        if (phase == ParticipantPhase.Idle || services.Time.GetElapsedTime(_lastHeard) <= limit)
        {
            return false;
        }

        Heard();
        return true;
    }

    public void KeepAlive(IGrainContext grain)
    {
        _keptAliveAt = services.Time.GetTimestamp();
        services.GrainRuntime.DelayDeactivation(grain, KeepAliveStep);
    }
}
