
namespace Checkpointing.Simulation.Tests.Runtime;

/// <summary>The application: clients that call, actors that call each other, pings that never end, and those who ask for checkpoints.</summary>
internal sealed class Workload
{
    private readonly SimulatedCluster _cluster;
    private readonly SeededRandom _random;
    private readonly List<Client> _clients = [];
    private readonly bool _callsInAnyDirection;
    private readonly int _callTimeout;
    private readonly int _quiet;
    private readonly double _throughRelays;
    private readonly long _end;

    public Workload(SimulatedCluster cluster, long end)
    {
        _cluster = cluster;
        _random = cluster.Random;
        _end = end;
        _callsInAnyDirection = _random.Chance(0.3);
        _callTimeout = _random.Chance(0.4) ? 12 : 90;
        _throughRelays = _random.Chance(0.3) ? 0.7 : 0.2;
        var participants = 4 + _random.Next(4);
        participants += participants < cluster.Settings.FewestActors ? 4 : 0;
        for (var i = 0; i < participants; i++)
        {
            cluster.AddParticipant(((char)('p' + i)).ToString(), isReentrant: _random.Chance(0.25));
        }

        // Some take part in little, so that they are clean for long.
        if (cluster.Silos.All.Count > 1 && _random.Chance(0.7))
        {
            // Long enough for a lost call to be sent again.
            _callTimeout = 700;
        }

        _quiet = _random.Chance(0.5) ? _random.Next(participants - 2) : 0;
        for (var i = _random.Next(3); i > 0; i--)
        {
            cluster.AddRelay($"relay{i}", isStateless: _random.Chance(0.5));
        }

        for (var i = 1 + _random.Next(3); i > 0; i--)
        {
            _clients.Add(new Client(this, cluster));
        }

        cluster.EverythingCrashed += () => _clients.ForEach(client => client.OnCrash());
    }

    public bool EveryClientIsAnswered => _clients.TrueForAll(client => !client.IsWaiting);

    public void Start()
    {
        foreach (var client in _clients)
        {
            _cluster.Time.After(_random.Between(1, 40), client.CallAgain);
        }

        for (var pings = _random.Next(3); pings > 0; pings--)
        {
            var ping = new CallPlan(AnyParticipant(), false, [new Work((int)_random.Between(1, 15)), new PingBack()]);
            _cluster.Time.After(_random.Between(1, 100), () => SendRoot(new CallPlan(AnyParticipant(), false, [new SendOneWay(ping)]), null, static _ => { }, static _ => { }));
        }

        PlanCheckpoint();
        PlanRestart();
        if (_cluster.Faults.Profile is { Move: > 0 } or { OrderlyStop: > 0 })
        {
            PlanMove();
        }

        if (_cluster.Faults.Profile.RequestedRollback > 0)
        {
            PlanRollback();
        }
    }

    public void Stop() => _cluster.WorkloadIsStopped = true;

    private string AnyParticipant() => _random.Pick(_cluster.Participants).Name;

    private void PlanCheckpoint() => _cluster.Time.After(_random.Between(10, 200), () =>
    {
        if (_cluster.Time.Now < _end)
        {
            var initiators = Enumerable.Range(0, _random.Chance(0.5) ? 1 : 1 + _random.Next(3)).Select(_ => AnyParticipant()).Distinct().ToList();
            _cluster.RequestCheckpoint(initiators, [], static _ => { });
            PlanCheckpoint();
        }
    });

    private void PlanRestart() => _cluster.Time.After(_random.Between(1, 20), () =>
    {
        if (_cluster.Time.Now < _end)
        {
            var participant = _random.Pick(_cluster.Participants);
            if (participant.MayRestart && _cluster.Faults.RestartsWhenClean())
            {
                _cluster.RestartWhenClean(participant);
            }

            PlanRestart();
        }
    });

    private void PlanRollback() => _cluster.Time.After(_random.Between(20, 200), () =>
    {
        if (_cluster.Time.Now < _end)
        {
            if (_cluster.Faults.RollbackIsRequested())
            {
                _cluster.RequestRollback(AnyParticipant(), isDryRun: _random.Chance(0.2), static _ => { });
            }

            PlanRollback();
        }
    });

    private void PlanMove() => _cluster.Time.After(_random.Between(1, 10), () =>
    {
        if (_cluster.Time.Now < _end)
        {
            _cluster.Moves.MayMoveSomebody();
            _cluster.Silos.MayStopOne();
            PlanMove();
        }
    });

    private void SendRoot(CallPlan plan, CallRecord? call, Action<Response> answered, Action<CallEnd> failed)
    {
        var request = new Request
        {
            Id = call?.Request ?? _cluster.NewId(),
            Call = call,
            From = null,
            IsRoot = _cluster.Actor(plan.Target).IsCheckpointed,
            WantsLabel = false,
            Stamps = [],
            Carries = new ExactSet(),
            Plan = plan,
            Chain = [],
            OnResponse = answered,
            OnFailed = failed,
        };
        var callee = _cluster.Route(_cluster.Silos.Clients, plan.Target);
        _cluster.Network.Send(_cluster.Silos.Clients, callee, request);
        if (call is not null)
        {
            _cluster.ClientCalls.Add(new OutgoingCall(callee, failed));
        }

        if (call is not null && _random.Chance(0.05))
        {
            // Cancelled by the client: if it still waits in a queue it is never run.
            _cluster.Time.After(_random.Between(2, 30), () =>
            {
                if (call.End == CallEnd.Pending)
                {
                    call.End = CallEnd.Cancelled;
                    request.IsCancelled = _random.Chance(0.5);
                    answered(new Response(0, [], new ExactSet()));
                }
            });
        }
    }

    private CallPlan Plan(string? caller, List<string> chain, int depth)
    {
        var target = Target(caller, chain);
        if (_random.Chance(0.12) && _cluster.Actor(target).IsCheckpointed)
        {
            return new CallPlan(target, true, [new Work((int)_random.Between(1, 6))]);
        }

        var steps = new List<PlanStep>();
        List<string> longer = [.. chain, target];
        for (var i = depth >= 3 ? 0 : _random.Next(3); i > 0; i--)
        {
            if (CanCall(longer))
            {
                steps.Add(Step(target, longer, depth));
            }
        }

        if (_random.Chance(0.4))
        {
            steps.Insert(_random.Next(steps.Count + 1), new Work((int)_random.Between(1, _random.Chance(0.1) ? 40 : 8)));
        }

        return new CallPlan(target, false, steps);
    }

    private PlanStep Step(string target, List<string> chain, int depth) => _random.Next(20) switch
    {
        < 11 => new Await([Plan(target, chain, depth + 1)], _callTimeout),
        < 14 => new Await([Plan(target, chain, depth + 1), Plan(target, chain, depth + 1)], _callTimeout),
        < 15 => new Forget(Plan(target, chain, depth + 1), _callTimeout),
        < 19 => new SendOneWay(Plan(null, [], depth + 1)),
        _ => _random.Chance(0.15) ? new AwaitCheckpoint() : new Work(2),
    };

    private bool CanCall(List<string> chain) => Candidates(chain[^1], chain).Any();

    private string Target(string? caller, List<string> chain) =>
        caller is not null ? _random.Pick([.. Candidates(caller, chain)])
        : _cluster.Relays.Count > 0 && _random.Chance(_throughRelays) ? _random.Pick(_cluster.Relays).Name
        : _cluster.Participants[_random.Next(_cluster.Participants.Count - (_random.Chance(0.9) ? _quiet : 0))].Name;

    /// <summary>Nobody calls back into its own chain unless it is reentrant; and in most runs calls go one way, so that applications do not block themselves.</summary>
    private IEnumerable<string> Candidates(string caller, List<string> chain)
    {
        var lastParticipant = chain.FindLast(name => _cluster.Actor(name).IsCheckpointed);
        foreach (var participant in _cluster.Participants.Take(_cluster.Participants.Count - _quiet))
        {
            if (participant.IsReentrant
                ? participant.Name != caller
                : !chain.Contains(participant.Name)
                    && (_callsInAnyDirection || lastParticipant is null || string.CompareOrdinal(participant.Name, lastParticipant) > 0))
            {
                yield return participant.Name;
            }
        }

        foreach (var relay in _cluster.Relays)
        {
            if (!chain.Contains(relay.Name) && (relay.IsReentrant || _callsInAnyDirection || !chain.Exists(name => !_cluster.Actor(name).IsCheckpointed)))
            {
                yield return relay.Name;
            }
        }
    }

    /// <summary>One call after the other, each only after the answer to the last.</summary>
    private sealed class Client(Workload workload, SimulatedCluster cluster)
    {
        private const long CallTimeout = 1500;

        private int _waitsFor;

        public bool IsWaiting => _waitsFor != 0;

        public void CallAgain()
        {
            if (cluster.Time.Now >= workload._end)
            {
                return;
            }

            var plan = workload.Plan(null, [], 0);
            var call = new CallRecord { Request = cluster.NewId(), Caller = null, Callee = plan.Target, Through = null };
            _waitsFor = call.Request;
            cluster.Calls.Add(call);
            cluster.Trace.Line($"client -> {plan.Target}: m{call.Request}");
            var life = cluster.LifeNumber;
            workload.SendRoot(plan, call, _ => cluster.Time.After(cluster.Random.Between(1, 5), () =>
            {
                if (life == cluster.LifeNumber && _waitsFor == call.Request)
                {
                    if (call.End == CallEnd.Pending)
                    {
                        call.End = CallEnd.Completed;
                    }

                    _waitsFor = 0;
                    cluster.Time.After(cluster.Random.Between(1, 60), CallAgain);
                }
            }),
            end =>
            {
                if (life == cluster.LifeNumber && _waitsFor == call.Request && call.End == CallEnd.Pending)
                {
                    call.End = end;
                    OnCrash();
                }
            });
            if (cluster.Faults.Profile is { Move: > 0 } or { OrderlyStop: > 0 })
            {
                // It may have been handed on to a silo that died, of which only the one that handed it on knew.
                cluster.Time.After(CallTimeout, () =>
                {
                    if (life == cluster.LifeNumber && _waitsFor == call.Request && call.End == CallEnd.Pending)
                    {
                        call.End = CallEnd.TimedOut;
                        OnCrash();
                    }
                });
            }
        }

        /// <summary>The call fails with the connection.</summary>
        public void OnCrash()
        {
            if (_waitsFor != 0)
            {
                _waitsFor = 0;
                cluster.Time.After(cluster.Random.Between(20, 100), CallAgain);
            }
        }
    }
}
