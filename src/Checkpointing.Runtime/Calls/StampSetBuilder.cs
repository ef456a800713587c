using Checkpointing.Protocol.Labels;

namespace Checkpointing.Runtime.Calls;

/// <summary>The union of the stamps a relay has received in one call: for each sender and life the largest label.</summary>
internal sealed class StampSetBuilder
{
    private readonly List<MessageStamp> _stamps = [];
    private StampSet? _built;

    public void Clear()
    {
        _stamps.Clear();
        _built = null;
    }

    public void Add(in StampSet stamps)
    {
        if (stamps.IsEmpty)
            return;

        Add(stamps.First);
        foreach (var stamp in stamps.Others)
            Add(stamp);
    }

    public StampSet ToStampSet() => _built ??= _stamps.Count switch
    {
        0 => default,
        1 => new StampSet(_stamps[0]),
        _ => new StampSet(_stamps[0], _stamps.GetRange(1, _stamps.Count - 1).ToArray()),
    };

    /// <summary>What has come since this set was built here. Stamps keep their places.</summary>
    public StampSet Since(in StampSet earlier)
    {
        var later = new StampSetBuilder();
        for (var i = 0; i < _stamps.Count; i++)
        {
            if (i >= earlier.Count || _stamps[i].Sequence > earlier[i].Sequence)
                later._stamps.Add(_stamps[i]);
        }

        return later.ToStampSet();
    }

    private void Add(MessageStamp stamp)
    {
        for (var i = 0; i < _stamps.Count; i++)
        {
            if (!_stamps[i].Sender.Equals(stamp.Sender))
                continue;

            if (_stamps[i].Sequence < stamp.Sequence)
            {
                _stamps[i] = stamp;
                _built = null;
            }

            return;
        }

        _stamps.Add(stamp);
        _built = null;
    }
}
