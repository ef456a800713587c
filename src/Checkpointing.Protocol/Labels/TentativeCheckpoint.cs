using System.Collections.Immutable;

namespace Checkpointing.Protocol.Labels;

/// <summary>The protocol's half of a tentative checkpoint, frozen in one instant with the state: its mark and the receipts of its interval.</summary>
internal sealed record TentativeCheckpoint(CheckpointMark Mark, ImmutableArray<Receipt> Receipts)
{
    public override string ToString() => $"{Mark} [{string.Join(", ", Receipts)}]";
}
