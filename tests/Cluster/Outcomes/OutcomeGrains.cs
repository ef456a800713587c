using Checkpointing.Cluster.Tests.Kit;

namespace Checkpointing.Cluster.Tests.Outcomes;

/// <summary>A grain with two states.</summary>
public interface IPairGrain : IGrainWithStringKey
{
    Task Set(string text, int number);

    Task<(string Text, int Number)> Get();
}

public sealed class PairGrain([CheckpointedState("text")] ICheckpointedState<PairText> note, [CheckpointedState("number")] ICheckpointedState<int> count)
    : Grain, IPairGrain
{
    public Task Set(string text, int number)
    {
        note.State.Text = text;
        count.State = number;
        return Task.CompletedTask;
    }

    public Task<(string Text, int Number)> Get() => Task.FromResult((note.State.Text, count.State));
}

[GenerateSerializer]
public sealed class PairText
{
    [Id(0)]
    public string Text { get; set; } = "";
}

/// <summary>A participant with a say in its checkpoints.</summary>
public interface IObservingGrain : IProbeGrain;

public sealed class ObservingGrain([CheckpointedState("sum")] ICheckpointedState<int> sum, IGrainContext context, IGrainFactory factory)
    : ProbeGrain(context, factory), IObservingGrain, ICheckpointObserver
{
    public ICheckpointedState<int> Sum { get; } = sum;

    public bool IsWilling { get; set; } = true;

    public bool IsWillingToRollBack { get; set; } = true;

    /// <summary>Whether it fails whenever it is told something.</summary>
    public bool Throws { get; set; }

    public bool ThrowsWhenAsked { get; set; }

    public List<string> Told { get; } = [];

    public bool WillingToCheckpoint() => ThrowsWhenAsked ? throw new InvalidOperationException("the observer does not know") : IsWilling;

    public bool WillingToRollBack() => IsWillingToRollBack;

    public void OnTentativeCheckpointTaken(string round) => Tell("taken");

    public void OnMadePermanent(string round) => Tell("permanent");

    public void OnTentativeCheckpointUndone(string round) => Tell("undone");

    public void OnRolledBack(string round) => Tell($"rolled back to '{round}'");

    private void Tell(string what)
    {
        Told.Add(what);
        if (Throws)
            throw new InvalidOperationException($"the observer fails when it is told '{what}'");
    }
}

/// <summary>A grain whose state type accepts anything, also what no serializer knows.</summary>
public interface IBagGrain : IGrainWithStringKey
{
    Task PutSomethingUnserializable();

    Task Put(string value);

    Task<string> Get();
}

public sealed class BagGrain([CheckpointedState("bag")] ICheckpointedState<Bag> bag) : Grain, IBagGrain
{
    public Task PutSomethingUnserializable()
    {
        bag.State.Content = new Unserializable();
        return Task.CompletedTask;
    }

    public Task Put(string value)
    {
        bag.State.Content = value;
        return Task.CompletedTask;
    }

    public Task<string> Get() => Task.FromResult(bag.State.Content?.ToString() ?? "");

    private sealed class Unserializable
    {
        public override string ToString() => "unserializable";
    }
}

[GenerateSerializer]
public sealed class Bag
{
    [Id(0)]
    public object? Content { get; set; }
}

/// <summary>A grain that changes its state when it is deactivated, and at no other time.</summary>
public interface IFarewellGrain : IGrainWithStringKey
{
    [Orleans.Concurrency.ReadOnly]
    Task<int> Farewells();
}

public sealed class FarewellGrain([CheckpointedState("farewells")] ICheckpointedState<int> farewells) : Grain, IFarewellGrain
{
    public Task<int> Farewells() => Task.FromResult(farewells.State);

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        farewells.State++;
        return Task.CompletedTask;
    }
}

/// <summary>The pair in a later version whose text has become a number.</summary>
public interface IRenumberedGrain : IGrainWithStringKey
{
    Task<int> Get();
}

public sealed class RenumberedGrain([CheckpointedState("text")] ICheckpointedState<NumberedNote> note, [CheckpointedState("number")] ICheckpointedState<int> count)
    : Grain, IRenumberedGrain
{
    public Task<int> Get() => Task.FromResult(note.State.Number + count.State);
}

[GenerateSerializer]
public sealed class NumberedNote
{
    [Id(0)]
    public int Number { get; set; }
}

/// <summary>The pair in a later version without its number.</summary>
public interface IShrunkGrain : IGrainWithStringKey
{
    Task Set(string text);

    Task<string> Get();
}

public sealed class ShrunkGrain([CheckpointedState("text")] ICheckpointedState<PairText> note) : Grain, IShrunkGrain
{
    public Task Set(string text)
    {
        note.State.Text = text;
        return Task.CompletedTask;
    }

    public Task<string> Get() => Task.FromResult(note.State.Text);
}

/// <summary>The pair in a later version with a third state.</summary>
public interface IGrownGrain : IGrainWithStringKey
{
    Task<(string Text, int Number, string Third)> Get();
}

public sealed class GrownGrain(
    [CheckpointedState("text")] ICheckpointedState<PairText> note,
    [CheckpointedState("number")] ICheckpointedState<int> count,
    [CheckpointedState("third")] ICheckpointedState<Third> third)
    : Grain, IGrownGrain
{
    public Task<(string Text, int Number, string Third)> Get() => Task.FromResult((note.State.Text, count.State, third.State.Text));
}

[GenerateSerializer]
public sealed class Third
{
    [Id(0)]
    public string Text { get; set; } = "new";
}
