namespace Checkpointing.Simulation.Tests.Checkers;

/// <summary>A checker has seen a promise broken.</summary>
internal sealed class SimulationViolationException(string checker, string detail) : Exception($"{checker}: {detail}")
{
    public string Checker => checker;
}
