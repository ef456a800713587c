namespace Checkpointing.Protocol.CheckpointAlgorithm;

/// <summary>How many members of a round are in each state. Asked after every answer, so it is counted along: a wave of n answers costs n steps, not n².</summary>
internal sealed class MemberTally
{
    private readonly int[] _counts = new int[(int)MemberState.LeftOut + 1];

    public int this[MemberState state] => _counts[(int)state];

    public void Add(MemberState state) => _counts[(int)state]++;

    public void Remove(MemberState state) => _counts[(int)state]--;
}
