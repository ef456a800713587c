namespace Checkpointing.Runtime.Calls;

/// <summary>Ids of enumerations. Only the latest of them are remembered.</summary>
internal sealed class LatestEnumerations
{
    private const int Most = 256;

    private readonly List<Guid> _ids = [];

    public void Add(Guid id)
    {
        if (_ids.Count == Most)
            _ids.RemoveAt(0);

        _ids.Add(id);
    }

    public bool Contains(Guid id) => _ids.Contains(id);

    public bool Remove(Guid id) => _ids.Remove(id);
}
