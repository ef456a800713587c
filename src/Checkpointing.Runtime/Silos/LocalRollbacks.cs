using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Threading.Channels;
using Checkpointing.Protocol.Labels;
using Checkpointing.Protocol.RollbackAlgorithm;
using Checkpointing.Runtime.Calls;
using Checkpointing.Runtime.Coordination;
using Checkpointing.Runtime.Hosting;
using Checkpointing.Runtime.Participants;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace Checkpointing.Runtime.Silos;

/// <summary>
/// The part of this silo in rollbacks: it learns which silos are gone, keeps undone labels from being received, has its participants look for what they
/// received from lost lives, and reports that to the coordinator until nothing is left to report.
/// </summary>
internal sealed class LocalRollbacks(
    ILocalSiloDetails silo,
    IClusterMembershipService membership,
    ParticipantRegistry registry,
    CoordinatorOutbox outbox,
    CallCutOffs cutOffs,
    CheckpointingMetrics metrics,
    IOptions<ClusterMembershipOptions> membershipOptions,
    IOptions<RecoveryOptions> recovery,
    TimeProvider time,
    ILogger<LocalRollbacks> logger)
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan ReportPatience = TimeSpan.FromSeconds(1);

    private readonly RollbackLog _log = new(logger);
    private readonly RollbackAgent _agent = new(silo.SiloAddress.ToSiloId());
    private readonly Lock _lock = new();
    private readonly RecentLosses _recent = new(silo.SiloAddress, membershipOptions.Value.TableRefreshTimeout, time);
    private readonly Channel<bool> _reportDue = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly ConcurrentQueue<ParticipantFinding> _foundLate = new();
    private long _membershipVersion = -1;
    private int _losses;
    private int _lossesTold;
    private Task _waking = Task.CompletedTask;
    private volatile bool _isWatching;

    private bool IsMembershipNewer => Interlocked.Read(ref _membershipVersion) < cutOffs.MembershipVersion;

    private bool MustWakeCoordinator => Volatile.Read(ref _lossesTold) < Volatile.Read(ref _losses);

    /// <summary>Which calls run no more because a silo was lost while they were on their way.</summary>
    public CallCutOffs CutOffs => cutOffs;

    /// <summary>What is known of ended lives. It may be read from any thread.</summary>
    public UndoneLabels Undone => _agent.Undone;

    /// <summary>
    /// RB-10: whether a life that begins now may have a predecessor on a silo that only seems to be gone. The others have heard of the loss, or are about to; the
    /// lost silo itself stops at the latest when it next reads the membership table.
    /// </summary>
    public bool MayHaveLivePredecessors => _recent.HasJustNoticed;

    /// <summary>Whether a call that ends now may have been lost with a silo.</summary>
    public bool HasJustLostSilo => _recent.HasJustWitnessed;

    public bool MayAddressGoneSilo => HasJustLostSilo || IsMembershipNewer || cutOffs.IsAnySiloLeaving;

    /// <summary>So long after the loss of a silo the last of the others has heard of it.</summary>
    public TimeSpan NoticeLimit => membershipOptions.Value.TableRefreshTimeout;

    /// <summary>RB-8: whether a message must not be received because it comes from undone work. From any thread.</summary>
    public bool Drop(in StampSet stamps)
    {
        if (_agent.Undone.IsEmpty)
        {
            return false;
        }

        var drops = _agent.Drops(stamps.First);
        foreach (var stamp in stamps.Others)
        {
            drops |= _agent.Drops(stamp);
        }

        if (drops)
        {
            metrics.MessageDropped();
            _log.Dropped(stamps.ToString());
        }

        return drops;
    }

    /// <summary>Whether this label, which is being received, comes from a life that may have been lost. From any thread.</summary>
    public bool Suspects(MessageStamp stamp)
    {
        if (!_agent.WasThere(stamp))
        {
            return false;
        }

        lock (_lock)
        {
            return _agent.Suspects(stamp);
        }
    }

    /// <summary>What a participant has received from lives that may have been lost. In a turn of that participant.</summary>
    public ImmutableArray<Suspect> SuspectsIn(Ledger ledger)
    {
        lock (_lock)
        {
            return [.. _agent.SuspectsIn(ledger)];
        }
    }

    /// <summary>Whether this ledger may hold something undone that nobody has told of yet. In a turn of that participant.</summary>
    public bool MaySuspect(Ledger ledger) => (_isWatching && IsMembershipNewer) || !SuspectsIn(ledger).IsEmpty;

    /// <summary>RB-13: a life leaves for another silo. False: it is an orphan, and takes nothing along.</summary>
    public bool OnLifeMovesAway(Ledger ledger)
    {
        bool moves;
        lock (_lock)
        {
            moves = _agent.OnLifeMovesAway(ledger);
        }

        ReportSoon();
        return moves;
    }

    /// <summary>The coordinator has found out that these suspects are none.</summary>
    public void OnSuspectsCleared(SuspectsCleared cleared)
    {
        lock (_lock)
        {
            _agent.OnSuspectsCleared(cleared);
        }
    }

    /// <summary>RB-9: a life ended here with work that is not permanent, and nobody has said where.</summary>
    public void OnLifeStopped(Life life)
    {
        lock (_lock)
        {
            _agent.OnLifeStopped(life);
        }

        ReportSoon();
    }

    /// <summary>There may be something to report.</summary>
    public void ReportSoon() => _reportDue.Writer.TryWrite(true);

    /// <summary>Installs facts, has every participant test itself against them, and answers.</summary>
    /// <returns>The epoch of the coordinator that is obeyed here; of an outdated one nothing is installed.</returns>
    public async Task<long> Install(InstallEnds install)
    {
        int position;
        lock (_lock)
        {
            if (_agent.OnInstallEnds(install) is not { } installed)
            {
                return _agent.Obeyed;
            }

            position = installed;
        }

        // RB-21: one that cannot be looked at is asked to get ready like an orphan, and says that it is none when it can.
        var findings = await Examine(recovery.Value.ExaminationPatience);
        ImmutableArray<Life> orphans = [.. findings.Select(finding => finding.Orphan).OfType<Life>()];
        if (findings.Count(finding => finding.IsBlocked) is > 0 and var blocked)
        {
            _log.Blocked(blocked, findings.First(finding => finding.IsBlocked).Orphan!.Participant.ToGrainId());
        }

        lock (_lock)
        {
            outbox.Send(_agent.OnTested(install, position, orphans));
            return _agent.Obeyed;
        }
    }

    /// <summary>Has every participant look whether it would be an orphan by these ends, which are no facts, and answers.</summary>
    /// <returns>The epoch of the coordinator that is obeyed here; an outdated one is not answered.</returns>
    public async Task<long> Test(TestEnds test)
    {
        lock (_lock)
        {
            if (_agent.IsOutdated(test.Epoch))
            {
                return _agent.Obeyed;
            }
        }

        var found = await Task.WhenAll(registry.ConcernedBy(PeerFilter.Of(test.Ends)).Select(host => host.Rollback.Examine(ledger => RollbackAgent.Test(test, ledger))));
        lock (_lock)
        {
            outbox.Send(_agent.OnTested(test, found.OfType<WouldBeOrphan>()));
            return _agent.Obeyed;
        }
    }

    /// <summary>Whether the membership of that version is the latest that is known here, and nothing is left to report.</summary>
    public async Task<bool> HasSettled(long membershipVersion)
    {
        if (Interlocked.Read(ref _membershipVersion) != membershipVersion)
        {
            return false;
        }

        var (suspects, findings) = await LookAround(recovery.Value.ExaminationPatience);
        return !MustWakeCoordinator && _foundLate.IsEmpty && suspects.Count == 0 && findings.TrueForAll(finding => finding.Orphan is null) && !registry.All.Any(host => host.Rollback.IsUnderWay);
    }

    /// <summary>Watches the membership of the cluster.</summary>
    public async Task WatchSilos(CancellationToken cancellationToken)
    {
        _isWatching = true;
        try
        {
            await foreach (var snapshot in membership.MembershipUpdates.WithCancellation(cancellationToken))
            {
                OnMembers(snapshot);
                Interlocked.Exchange(ref _membershipVersion, snapshot.Version.Value);
            }
        }
        catch (OperationCanceledException)
        {
            // The silo stops.
        }
        finally
        {
            _isWatching = false;
        }
    }

    /// <summary>Reports whenever there is something to report, and again until it is settled (SPEC K31).</summary>
    public async Task Report(CancellationToken cancellationToken)
    {
        try
        {
            while (await _reportDue.Reader.ReadAsync(cancellationToken))
            {
                while (!cancellationToken.IsCancellationRequested && await TryReport())
                {
                    await Task.WhenAny(_reportDue.Reader.WaitToReadAsync(cancellationToken).AsTask(), Task.Delay(ReportInterval, time, cancellationToken));
                    _reportDue.Reader.TryRead(out _);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The silo stops.
        }
    }

    /// <summary>RB-23: forgets now and then what was found out long ago.</summary>
    public async Task Forget(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(recovery.Value.Memory, time);
        while (await timer.NextTick(cancellationToken))
        {
            var hasOrphans = await MayHaveOrphans();
            lock (_lock)
            {
                _agent.ForgetOlder(hasOrphans);
            }

            ReportSoon();
        }
    }

    private async Task<bool> MayHaveOrphans()
    {
        try
        {
            return Array.Exists(await Examine(recovery.Value.ExaminationPatience), static finding => finding.Orphan is not null);
        }
        catch (Exception exception)
        {
            _log.NotReported(exception);
            return true;
        }
    }

    private void OnMembers(ClusterMembershipSnapshot snapshot)
    {
        cutOffs.NoticeActive();
        List<SiloAddress> gone;
        lock (_lock)
        {
            gone = _recent.Notice(snapshot);
            gone.ForEach(lost => _agent.OnSiloGone(lost.ToSiloId()));
        }

        if (gone.Count == 0)
        {
            return;
        }

        // RB-25: the coordinator may have been there, with facts that only some silos have heard, and those report no more. A new one asks all.
        Interlocked.Increment(ref _losses);
        gone.ForEach(_log.SiloGone);
        foreach (var host in registry.All)
        {
            host.Rollback.PostSiloGone();
        }

        ReportSoon();
    }

    /// <summary>Whether there is something left to report.</summary>
    private async Task<bool> TryReport()
    {
        try
        {
            return await ReportNow();
        }
        catch (Exception exception)
        {
            // One participant that cannot be looked at must not keep the silo from reporting the others.
            _log.NotReported(exception);
            return true;
        }
    }

    private async Task<bool> ReportNow()
    {
        var (suspects, findings) = await LookAround(ReportPatience);
        while (_foundLate.TryDequeue(out var late))
        {
            findings.Add(late);
            suspects.UnionWith(late.Suspects);
        }

        var orphans = findings.Where(finding => finding is { Orphan: not null, IsReported: false, IsBlocked: false }).Select(finding => finding.Orphan!).ToList();
        if (suspects.Count > 0)
        {
            outbox.Send(new SuspectsReported([.. suspects]));
        }

        if (orphans.Count > 0)
        {
            _log.Orphans(orphans.Count);
            outbox.Send(new OrphansReported([.. orphans]));
        }

        if (MustWakeCoordinator && _waking.IsCompleted)
        {
            _waking = WakeCoordinator(Volatile.Read(ref _losses));
        }

        return suspects.Count > 0 || orphans.Count > 0 || findings.Exists(finding => finding.IsBlocked) || MustWakeCoordinator;
    }

    private async Task WakeCoordinator(int losses)
    {
        if (await outbox.WakeCoordinator())
        {
            Volatile.Write(ref _lossesTold, losses);
        }
    }

    private async Task<(HashSet<Suspect> Suspects, List<ParticipantFinding> Findings)> LookAround(TimeSpan patience)
    {
        List<ParticipantFinding> findings = [.. await Examine(patience)];
        lock (_lock)
        {
            return ([.. _agent.StoppedLives(), .. findings.SelectMany(finding => finding.Suspects)], findings);
        }
    }

    /// <summary>By a participant that was not waited for: the next report says it.</summary>
    private void FoundLate(ParticipantFinding finding)
    {
        _foundLate.Enqueue(finding);
        ReportSoon();
    }

    /// <summary>Every participant that may have received from where something was lost looks at its own ledger, in a turn of its own.</summary>
    private Task<ParticipantFinding[]> Examine(TimeSpan patience)
    {
        PeerFilter lost;
        lock (_lock)
        {
            lost = PeerFilter.Of(_agent.Undone.Ends);
            foreach (var gone in _agent.Gone)
            {
                lost.Add(gone);
            }
        }

        // Who receives something from there from now on knows already what is undone and which silos are gone (RB-8).
        Interlocked.MemoryBarrier();
        return Examinations.Of(registry.ConcernedBy(lost), patience, FoundLate, time);
    }
}
