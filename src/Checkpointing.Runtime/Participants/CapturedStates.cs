using System.Collections.Immutable;

namespace Checkpointing.Runtime.Participants;

/// <summary>The copy of the states that belongs to the tentative checkpoint, and how the states compare with what is permanent.</summary>
internal sealed class CapturedStates(CheckpointedStates states, CheckpointedActivation activation)
{
    private UInt128 _hash;
    private bool _differed;

    /// <summary>Of the states in the permanent checkpoint.</summary>
    public UInt128 PermanentHash { get; set; }

    /// <summary>Default if there is no tentative checkpoint.</summary>
    public ImmutableArray<(string Name, byte[] Bytes)> Copy { get; private set; }

    public long Bytes => Copy.Sum(state => (long)state.Bytes.Length);

    /// <summary>Whether the copy is as the permanent checkpoint.</summary>
    public bool IsUnchanged => !_differed;

    /// <summary>By a look at the states themselves.</summary>
    public bool DifferNow => states.DifferFrom(PermanentHash);

    /// <summary>Throws what the serializer throws.</summary>
    public void Take()
    {
        Copy = states.Capture();
        _hash = StateHash.Of(Copy);
        _differed = _hash != PermanentHash;
        activation.StateMayHaveChanged = false;
    }

    public void MakePermanent()
    {
        PermanentHash = _hash;
        activation.StatesArePermanent();
        Forget();
    }

    /// <summary>What was changed before the copy was taken is not permanent after all.</summary>
    public void Undo()
    {
        activation.StateMayHaveChanged |= _differed;
        if (!_differed)
            activation.StatesArePermanent();

        Forget();
    }

    private void Forget()
    {
        _differed = false;
        Copy = default;
    }
}
