namespace Checkpointing.SiloHost.Demo.Judging;

/// <summary>
/// Which grains may depend on work that was lost with a silo: those that are joined to one of its grains by a chain of transfers that were not known to be
/// permanent when it was killed. A completed call makes caller and callee depend on each other, so direction does not matter.
/// </summary>
internal static class DependentGrains
{
    public static HashSet<string> Of(IEnumerable<string> lost, IEnumerable<SentTransfer> unsettled)
    {
        var neighbours = unsettled
            .SelectMany(transfer => transfer.Grains.SelectMany(grain => transfer.Grains.Select(other => (grain, other))))
            .ToLookup(pair => pair.grain, pair => pair.other);
        var found = lost.ToHashSet();
        var frontier = new Queue<string>(found);
        while (frontier.TryDequeue(out var grain))
        {
            foreach (var neighbour in neighbours[grain].Where(found.Add))
                frontier.Enqueue(neighbour);
        }

        return found;
    }
}
