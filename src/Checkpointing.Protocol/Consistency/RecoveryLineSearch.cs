namespace Checkpointing.Protocol.Consistency;

/// <summary>
/// Lowers the line until no constraint is broken. Looks at every event at most once, when it is undone. Goes in a fixed order, so that
/// also the reasons are the same every time.
/// </summary>
internal sealed class RecoveryLineSearch
{
    private readonly Failure _failure;
    private readonly Dictionary<ProcessName, LocalHistory> _histories;
    private readonly Dictionary<MessageName, (ProcessName Process, int Position, ProcessName To)> _sends = [];
    private readonly Dictionary<MessageName, (ProcessName Process, int Position)> _receipts = [];
    private readonly Queue<(ProcessName Process, int From, int To)> _undone = [];

    public RecoveryLineSearch(Failure failure)
    {
        _failure = failure;
        _histories = failure.Histories.ToDictionary(history => history.Process);
        Kept = failure.Histories.ToDictionary(history => history.Process, history => history.Events.Length);
        foreach (var history in failure.Histories)
        {
            Index(history);
        }
    }

    public Dictionary<ProcessName, int> Kept { get; }

    public Dictionary<ProcessName, GoesBack> GoingBack { get; } = [];

    public void Run()
    {
        LowerAtTheStart();
        while (_undone.TryDequeue(out var undone))
        {
            for (var position = undone.From; position < undone.To; position++)
            {
                OnUndone(undone.Process, _histories[undone.Process].Events[position]);
            }
        }
    }

    private void Index(LocalHistory history)
    {
        for (var position = 0; position < history.Events.Length; position++)
        {
            var isFirst = history.Events[position] switch
            {
                Sent sent => _sends.TryAdd(sent.Message, (history.Process, position, sent.To)),
                var received => _receipts.TryAdd(received.Message, (history.Process, position)),
            };
            if (!isFirst)
            {
                throw new ArgumentException($"'{history.Process}' sends or receives {history.Events[position].Message} although that has happened before");
            }
        }
    }

    private void LowerAtTheStart()
    {
        foreach (var failed in _failure.Failed.Order())
        {
            GoBackBefore(failed, Kept[failed], new ProcessHasFailed());
        }

        foreach (var (message, receipt) in _receipts)
        {
            if (!_sends.ContainsKey(message))
            {
                GoBackBefore(receipt.Process, receipt.Position, new ReceivedUndoneMessage(message, Sender: null));
            }
        }

        foreach (var request in _failure.LostCalls.Order())
        {
            LoseCall(request);
        }

        foreach (var request in _failure.AwaitedCalls.Order())
        {
            if (!_receipts.ContainsKey(request) && _failure.Failed.Contains(SendOf(request).To))
            {
                LoseCall(request);
            }
        }
    }

    private void OnUndone(ProcessName process, LocalEvent undone)
    {
        if (undone is Sent)
        {
            if (_receipts.TryGetValue(undone.Message, out var receipt))
            {
                GoBackBefore(receipt.Process, receipt.Position, new ReceivedUndoneMessage(undone.Message, process));
            }
        }
        else if (_failure.AwaitedCalls.Contains(undone.Message))
        {
            LoseCall(undone.Message);
        }
    }

    private void LoseCall(MessageName request)
    {
        var send = SendOf(request);
        GoBackBefore(send.Process, send.Position, new CallWasLost(request, send.To));
    }

    private (ProcessName Process, int Position, ProcessName To) SendOf(MessageName request)
        => _sends.TryGetValue(request, out var send) ? send : throw new ArgumentException($"call {request} is in no history of a caller");

    // A failed process goes back to its last checkpoint even if that one contains everything it did.
    private void GoBackBefore(ProcessName process, int position, RecoveryReason reason)
    {
        var kept = Kept[process];
        if (position >= kept && (reason is not ProcessHasFailed || GoingBack.ContainsKey(process)))
        {
            return;
        }

        var history = _histories[process];
        var checkpoint = history.NewestCheckpointWithin(position);
        Kept[process] = history.Checkpoints[checkpoint];
        GoingBack[process] = new GoesBack(process, checkpoint, Kept[process], history.Events.Length - Kept[process], reason);
        _undone.Enqueue((process, Kept[process], kept));
    }
}
