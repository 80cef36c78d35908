/** Filters `priority`, blocks `ultrafast`, and lets every other tier pass. */
export const POLICY = {
  rules: [
    { name: 'no-priority', service_tier: 'priority', action: 'filter', scope: 'all' },
    {
      name: 'no-ultrafast',
      service_tier: 'ultrafast',
      action: 'block',
      scope: 'all',
      error_message: '{tier} is not part of our plan',
    },
  ],
};
